/**
 * Croissant 1.1 metadata (docs.mlcommons.org/croissant, 2026-01-29): the files with their digests, and the columns of the parquet
 * files as record sets. Without a publication it has no `url`, `creator` and `datePublished`, which the standard requires: nobody
 * but the publisher knows them, and a date of ours would make the bytes depend on the day.
 */
import { visibleText } from '../../../workflows/shared/encode/visible-text.ts';
import type { ExportOptions } from '../../../workflows/dataset/export-contract.ts';
import { licenceOf } from './licences.ts';
import type { ColumnType, Columns } from './parquet.ts';

export interface DescribedFile {
  readonly sha256: string;
  readonly bytes: number;
}

export interface CroissantInput {
  readonly name: string;
  readonly description: string;
  /** As the sources state them. */
  readonly licences: readonly string[];
  readonly simulated: boolean;
  readonly publication: ExportOptions['publication'];
  readonly files: Readonly<Record<string, DescribedFile>>;
  /** Columns by parquet file. */
  readonly tables: Readonly<Record<string, Columns>>;
}

const parquetType = 'application/x-parquet';
const formats: Readonly<Record<string, string>> = {
  jsonl: 'application/jsonlines',
  parquet: parquetType,
  md: 'text/markdown',
};

export function writeCroissant(input: CroissantInput): string {
  const { publication } = input;
  const document = {
    '@context': context,
    '@type': 'sc:Dataset',
    name: input.name,
    conformsTo: 'http://mlcommons.org/croissant/1.1',
    description: input.description,
    license: licencesOf(input.licences),
    version: '1.0.0',
    isLiveDataset: false,
    inLanguage: 'en',
    keywords: ['multi-agent systems', 'supervised fine-tuning', ...(input.simulated ? ['simulated'] : [])],
    ...(publication && {
      url: publication.url,
      creator: { '@type': 'sc:Organization', name: visibleText(publication.creator) },
      datePublished: publication.date,
    }),
    distribution: Object.entries(input.files).map(([name, { sha256, bytes }]) => ({
      '@type': 'cr:FileObject',
      '@id': name,
      name,
      contentUrl: name,
      contentSize: `${bytes} B`,
      encodingFormat: formats[name.split('.').at(-1) ?? ''] ?? 'application/json',
      sha256,
    })),
    recordSet: Object.entries(input.tables).map(([file, columns]) => recordSet(file, columns)),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function recordSet(file: string, columns: Columns) {
  const id = file.replace(/\.parquet$/, '').replaceAll('.', '_');
  return {
    '@type': 'cr:RecordSet',
    '@id': id,
    name: id,
    description: `The rows of ${file}.`,
    field: Object.entries(columns).flatMap(([column, type]) => {
      const dataType = dataTypes[type];
      if (!dataType) return [];
      return [
        {
          '@type': 'cr:Field',
          '@id': `${id}/${column}`,
          name: column,
          description: `Column ${column}.`,
          dataType,
          ...(type === 'texts' && { isArray: true, arrayShape: '-1' }),
          source: { fileObject: { '@id': file }, extract: { column } },
        },
      ];
    }),
  };
}

/** `messages` holds what `query`, `reasoning` and `program` hold apart, in a nested form that needs no field of its own. */
const dataTypes: Readonly<Record<ColumnType, string | undefined>> = {
  text: 'sc:Text',
  optionalText: 'sc:Text',
  texts: 'sc:Text',
  number: 'sc:Float',
  optionalNumber: 'sc:Float',
  count: 'sc:Integer',
  flag: 'sc:Boolean',
  messages: undefined,
};

function licencesOf(stated: readonly string[]): (string | { '@type': string; name: string })[] {
  return [...new Set(stated)].toSorted().map((text) => {
    const { url } = licenceOf(text);
    return url ?? { '@type': 'sc:CreativeWork', name: visibleText(text).slice(0, 200) || 'not stated' };
  });
}

/** Appendix 1 of the specification. */
const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  sc: 'https://schema.org/',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  dct: 'http://purl.org/dc/terms/',
  ...Object.fromEntries(
    (
      'annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileProperty fileObject ' +
      'fileSet format includes isArray isLiveDataset jsonPath key md5 parentField recordSet references regex readLines ' +
      // The last four: of version 1.0, which readers miss.
      'sdVersion separator source subField transform unArchive value path repeated replace samplingRate'
    )
      .split(' ')
      .map((term) => [term, `cr:${term}`]),
  ),
  conformsTo: 'dct:conformsTo',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  examples: { '@id': 'cr:examples', '@type': '@json' },
};
