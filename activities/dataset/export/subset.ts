/**
 * Some of a dataset's files are handed on without the others: card, Croissant metadata, manifest and run record then name these
 * alone. What they say of the dataset itself (its name, counts, settings) stays, since it is the same dataset.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../storage/canonical-json.ts';
import { manifestSchema } from './manifest.ts';

/** Texts of the files that describe the others. */
export type Descriptions = Readonly<Record<(typeof descriptions)[number], string>>;
export const descriptions = ['card.md', 'croissant.json', 'manifest.json', 'run.json'] as const;

const croissantSchema = z.looseObject({
  distribution: z.array(z.looseObject({ '@id': z.string() })),
  recordSet: z.array(
    z.looseObject({
      field: z.array(
        z.looseObject({ source: z.looseObject({ fileObject: z.looseObject({ '@id': z.string() }) }) }),
      ),
    }),
  ),
});

/** `isKept`: of a file's name. The four themselves are always kept. */
export function describeSubset(given: Descriptions, isKept: (file: string) => boolean): Descriptions {
  const manifest = manifestSchema.parse(JSON.parse(given['manifest.json']));
  const names = Object.keys(manifest.files).filter(isKept);
  const card = cardOf(given['card.md'], new Set(Object.keys(manifest.files).filter((file) => !isKept(file))));
  const croissant = croissantOf(given['croissant.json'], isKept);
  const files = {
    ...Object.fromEntries(names.map((name) => [name, manifest.files[name]])),
    'card.md': sized(card),
    'croissant.json': sized(croissant),
  };
  const own = `${canonicalJson(manifestSchema.parse({ ...manifest, files }))}\n`;
  const run = z.looseObject({ manifestSha256: z.string() }).parse(JSON.parse(given['run.json']));
  return {
    ...{ 'card.md': card, 'croissant.json': croissant, 'manifest.json': own },
    'run.json': `${JSON.stringify({ ...run, manifestSha256: sized(own).sha256 }, null, 2)}\n`,
  };
}

function sized(text: string) {
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { sha256, bytes: Buffer.byteLength(text), rows: null };
}

/** Without the rows of these files in its table, and their entries in the header (card-header.ts writes them). */
function cardOf(card: string, left: ReadonlySet<string>): string {
  const headEnd = card.indexOf('\n---\n') + 1;
  const header = card.slice(0, headEnd).replaceAll(/^- config_name: .*\n(?: {2}.*\n)*/gm, (entry) => {
    const [, path = ''] = /^ +path: "(.*)"$/m.exec(entry) ?? [];
    return left.has(path) ? '' : entry;
  });
  const tableStart = card.indexOf('\n## Files\n', headEnd) + 1;
  const tableEnd = card.indexOf('\n## ', tableStart);
  const rows = card
    .slice(tableStart, tableEnd)
    .split('\n')
    .filter((line) => !left.has(/^\| (\S+) \|/.exec(line)?.[1] ?? ''));
  return `${header}${card.slice(headEnd, tableStart)}${rows.join('\n')}${card.slice(tableEnd)}`;
}

function croissantOf(text: string, isKept: (file: string) => boolean): string {
  const found = croissantSchema.parse(JSON.parse(text));
  const distribution = found.distribution.filter((file) => isKept(file['@id']));
  const recordSet = found.recordSet.filter(({ field }) =>
    field.every(({ source }) => isKept(source.fileObject['@id'])),
  );
  return `${JSON.stringify({ ...found, distribution, recordSet }, null, 2)}\n`;
}
