/** Files from samples: hostile texts stay data, no rows and one row are files too, and the same rows are the same bytes. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateQueries } from '../../../../activities/dataset/generate-queries.ts';
import { writeCroissant } from '../../../../activities/dataset/export/croissant.ts';
import { licenceOf, strictest } from '../../../../activities/dataset/export/licences.ts';
import { rewardColumns } from '../../../../activities/dataset/export/matrix-files.ts';
import type { Sample } from '../../../../activities/dataset/export/sample.ts';
import {
  chatRow,
  completionRow,
  provenanceRow,
  sampleColumns,
  sampleRow,
} from '../../../../activities/dataset/export/sample-files.ts';
import {
  createWrittenFiles,
  type RowFile,
  type WrittenFiles,
} from '../../../../activities/dataset/export/written-files.ts';
import type { Blobs } from '../../../../activities/storage/blobs.ts';
import { createDirectoryBlobs, partsFolder } from '../../../../activities/storage/blobs-directory.ts';
import { exportFileNames, fileOfSplit } from '../../../../workflows/dataset/export-contract.ts';
import { evilCorpus } from '../../../support/evil-corpus.ts';

function sampleOf(text: string): Sample {
  const [query] = generateQueries({ source: 'generated-train', seed: 1, count: 1 });
  if (!query) throw new Error('no query');
  const program = { id: 'cot', sha256: 'a'.repeat(64) };
  return {
    query: { ...query, text, source: text, subject: text, licence: text },
    ...{ split: 'train', cluster: query.id, group: text, base: program, baseScore: 1, kept: null },
    final: { program, score: 1, reasoning: text, adapted: false },
    ...{ notes: {}, program: text, executions: { base: [], final: ['b'.repeat(64)] } },
  };
}

const hostile = { ...evilCorpus, nul: 'a\0b', 'front matter': '---\nlicense: mit\n---', surrogate: '\ud800' };

let directory: string;
let blobs: Blobs;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'files-'));
  blobs = createDirectoryBlobs(directory);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function write<R>(
  open: (written: WrittenFiles) => Promise<RowFile<R>>,
  rows: readonly R[],
): Promise<Buffer> {
  const written = createWrittenFiles(blobs);
  await using file = await open(written);
  for (const row of rows) await file.write(row);
  await file.finish();
  const [stored] = Object.values(written.files);
  const bytes = await blobs.get(stored?.sha256 ?? '');
  expect(stored).toMatchObject({ bytes: bytes.length, rows: rows.length });
  return bytes;
}

const linesOf = async (rows: readonly unknown[]): Promise<string> =>
  (await write((written) => written.lines('rows.jsonl'), rows)).toString();
const parquetOf = (samples: readonly Sample[]): Promise<Buffer> =>
  write((written) => written.table('rows.parquet', sampleColumns), samples.map(sampleRow));

async function read(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
}

describe('rows of hostile texts', () => {
  it('are one line each, of well-formed text, and say the same in parquet', async () => {
    const samples = Object.values(hostile).map(sampleOf);
    const rowsOf: readonly ((sample: Sample) => unknown)[] = [
      chatRow,
      completionRow,
      (sample) => provenanceRow(sample, 'sft.jsonl', 0),
    ];
    for (const rowOf of rowsOf) {
      const lines = (await linesOf(samples.map((sample) => rowOf(sample)))).split('\n');
      expect(lines).toHaveLength(samples.length + 1);
      for (const line of lines.slice(0, -1)) {
        expect(line).not.toMatch(/\\ud[89a-f]../i);
        expect(JSON.parse(line)).toBeTypeOf('object');
      }
    }
    const table = await read(await parquetOf(samples));
    expect(table.map(({ messages }) => messages)).toEqual(samples.map((sample) => chatRow(sample).messages));
    expect(table.map(({ query }) => query)).toEqual(
      Object.values(hostile).map((text) => Buffer.from(text).toString()),
    );
  });

  it('with no row and with one: whole files with all columns', async () => {
    expect(await linesOf([])).toBe('');
    for (const samples of [[], [sampleOf('What is 1 plus 1?')]]) {
      const table = await read(await parquetOf(samples));
      expect(table).toHaveLength(samples.length);
      for (const row of table) expect(Object.keys(row)).toEqual(Object.keys(sampleColumns));
      expect((await parquetOf(samples)).equals(await parquetOf(samples))).toBe(true);
    }
    expect(await read(await write((written) => written.table('r', rewardColumns), []))).toEqual([]);
  });

  it('of more rows than a group of parquet holds: each once, in their order', async () => {
    const rows = Array.from({ length: 12_001 }, (_, row) => ({ name: `row ${row}`, count: row }));
    const bytes = await write((written) => written.table('r', { name: 'text', count: 'count' }), rows);
    expect(await read(bytes)).toEqual(rows);
  }, 60_000);

  it('that are not finished leave nothing behind', async () => {
    const written = createWrittenFiles(blobs);
    {
      await using file = await written.lines('rows.jsonl');
      await file.write({ text: 'x'.repeat(1_000_000) });
    }
    expect(written.files).toEqual({});
    expect(await readdir(join(directory, partsFolder))).toEqual([]);
  });
});

describe('names of files', () => {
  it('are fixed, and name no place', () => {
    expect(new Set(exportFileNames).size).toBe(exportFileNames.length);
    for (const name of exportFileNames) expect(name).toMatch(/^[a-z]+(\.[a-z]+){1,2}$/);
    expect(fileOfSplit('sft.jsonl', 'train')).toBe('sft.jsonl');
    expect(fileOfSplit('sft.parquet', 'test')).toBe('sft.test.parquet');
  });
});

describe('licences', () => {
  it('are ordered by what they ask; what nobody knows asks most', () => {
    expect(strictest(['MIT', 'CC-BY-4.0', 'CC0-1.0'])).toBe('CC-BY-4.0');
    expect(strictest(['MIT', 'CC-BY-NC-3.0', 'CC-BY-SA-4.0', 'GPL-3.0-only'])).toBe('CC-BY-NC-3.0');
    expect(strictest(['CC-BY-NC-3.0', ''])).toBe('');
    expect(strictest([])).toBeUndefined();
    expect(licenceOf('MIT')).toMatchObject({ hubId: 'mit', url: 'https://spdx.org/licenses/MIT' });
    expect(licenceOf('as the file states')).toMatchObject({ hubId: 'unknown', url: null });
    for (const text of Object.values(hostile)) expect(licenceOf(text).url).toBeNull();
  });
});

/** Croissant 1.1, "Dataset-level information" and "Resources": what must be there, and of what kind. */
function brokenRules(document: Record<string, unknown>): string[] {
  const broken: string[] = [];
  const required = ['@context', '@type', 'conformsTo', 'description', 'license', 'name', 'distribution'];
  for (const name of [...required, 'url', 'creator', 'datePublished'])
    if (document[name] === undefined) broken.push(`${name} is missing`);
  const ids = new Set<string>();
  const known = (id: unknown): void => {
    if (typeof id !== 'string' || ids.has(id)) broken.push(`@id ${String(id)} is no new text`);
    else ids.add(id);
  };
  const files = document['distribution'] as Record<string, unknown>[];
  for (const file of files) {
    known(file['@id']);
    for (const name of ['name', 'contentUrl', 'contentSize', 'encodingFormat', 'sha256'])
      if (typeof file[name] !== 'string') broken.push(`file: ${name} is missing`);
  }
  for (const set of document['recordSet'] as { '@id': string; field: Record<string, unknown>[] }[]) {
    known(set['@id']);
    for (const field of set.field) {
      known(field['@id']);
      const source = field['source'] as { fileObject: { '@id': string }; extract: { column: string } };
      if (!files.some((file) => file['@id'] === source.fileObject['@id']))
        broken.push('field without a file');
      if (!/^sc:(Text|Float|Integer|Boolean)$/.test(String(field['dataType']))) broken.push('data type');
      if (!String(field['@id']).startsWith(`${set['@id']}/`)) broken.push('field outside of its set');
    }
  }
  return broken;
}

describe('Croissant metadata', () => {
  const file = { sha256: 'c'.repeat(64), bytes: 10 };
  const given = {
    name: 'masgpt-sft-0123456789ab',
    description: 'Rows.',
    licences: ['MIT', 'made up', ''],
    simulated: true,
    publication: { date: '2026-01-31', url: 'https://example.org/d', creator: 'Some\u202eone' },
    files: { 'sft.jsonl': file, 'sft.parquet': file, 'rewards.parquet': file },
    tables: { 'sft.parquet': sampleColumns, 'rewards.parquet': rewardColumns },
  } as const;

  it('follows the rules of the standard once it is published, and lacks three properties until then', () => {
    const published = JSON.parse(writeCroissant(given)) as Record<string, unknown>;
    expect(brokenRules(published)).toEqual([]);
    expect(published['conformsTo']).toBe('http://mlcommons.org/croissant/1.1');
    expect(published['license']).toEqual([
      expect.objectContaining({ name: 'not stated' }),
      'https://spdx.org/licenses/MIT',
      expect.objectContaining({ name: 'made up' }),
    ]);
    expect(JSON.stringify(published)).not.toContain('\u202e');
    const unpublished = JSON.parse(writeCroissant({ ...given, publication: undefined })) as typeof published;
    expect(brokenRules(unpublished)).toEqual([
      'url is missing',
      'creator is missing',
      'datePublished is missing',
    ]);
  });
});
