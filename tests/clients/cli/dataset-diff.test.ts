/** `dataset diff`: what it tells of two datasets, and what it refuses to read. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDatasets, type DatasetFiles } from '../../../activities/dataset/diff/compare-datasets.ts';
import { datasetCaps } from '../../../activities/dataset/diff/read-dataset-files.ts';
import type { Manifest } from '../../../activities/dataset/export/manifest.ts';
import type { Provenance } from '../../../activities/dataset/export/provenance.ts';
import { readDatasetDirectory } from '../../../clients/cli/read-dataset-directory.ts';
import { evilCorpus } from '../../support/evil-corpus.ts';

const sha = (digit: string): string => digit.repeat(64);

function rowOf(id: number, given: Partial<Provenance> = {}): Provenance {
  return {
    ...{ file: 'sft.jsonl', row: id, split: 'train', query_id: id.toString(16).padStart(32, '0') },
    ...{ source: 'gsm8k', subject: '', group: 'gsm8k', base_program: 'cot', base_sha256: sha('1') },
    ...{ program_sha256: sha('2'), adapted: true, score: 1, reasoning_sha256: sha('3') },
    ...given,
  };
}

function datasetOf(rows: Provenance[], given: Partial<Manifest> = {}): DatasetFiles {
  const manifest: Manifest = {
    ...{ v: 2, name: 'd', simulated: false, rows: rows.length, splits: { train: 0, validation: 0, test: 0 } },
    ...{ files: {}, plan: sha('4'), selection: sha('5'), queries: rows.length, dropped: 0, prompts: {} },
    sources: [{ source: 'gsm8k', licence: 'MIT', queries: rows.length }],
    models: [{ role: 'driver', model: 'm', revision: 'r1', simulated: false }],
    settings: { seed: 0, switches: { adaptation: true }, programs: ['cot'] },
    labelPrecision: { estimate: null, interval: null, queries: 0 },
    ...given,
  };
  return { manifest, rows };
}

describe('two datasets', () => {
  it('that are the same differ in nothing', () => {
    const diff = compareDatasets(datasetOf([rowOf(1), rowOf(2)]), datasetOf([rowOf(2), rowOf(1)]));
    expect(diff).toMatchObject({ same: 2, settings: [], sources: [], models: [], prompts: [] });
    for (const part of [diff.onlyInA, diff.onlyInB, diff.otherProgram, diff.otherReasoning, diff.otherSplit])
      expect(part.rows).toBe(0);
  });

  it('differ by row and by setting, each named once', () => {
    const a = datasetOf([rowOf(1), rowOf(2), rowOf(3), rowOf(4), rowOf(5)]);
    const b = datasetOf(
      [
        rowOf(2),
        rowOf(3, { program_sha256: sha('a'), group: 'other' }),
        rowOf(4, { program_sha256: sha('b'), base_sha256: sha('c'), split: 'test' }),
        rowOf(5, { reasoning_sha256: sha('d') }),
        rowOf(6),
      ],
      {
        settings: { seed: 0, switches: { adaptation: false }, programs: ['cot'], repeats: 3 },
        models: [{ role: 'driver', model: 'm', revision: 'r2', simulated: false }],
        sources: [],
      },
    );
    const diff = compareDatasets(a, b);
    const rows = ({ rows: count }: { rows: number }): number => count;
    expect([diff.same, rows(diff.onlyInA), rows(diff.onlyInB)]).toEqual([1, 1, 1]);
    expect([diff.otherProgram, diff.otherBase, diff.otherReasoning, diff.otherSplit].map(rows)).toEqual([
      2, 1, 1, 1,
    ]);
    expect(diff.otherProgram.groups).toEqual({ gsm8k: 1, other: 1 });
    expect(diff.settings).toEqual([
      { what: 'repeats', a: null, b: '3' },
      { what: 'switches.adaptation', a: 'true', b: 'false' },
    ]);
    expect(diff.models).toEqual([{ what: 'driver', a: 'm at r1', b: 'm at r2' }]);
    expect(diff.sources).toEqual([{ what: 'gsm8k (MIT)', a: '5 queries', b: null }]);
  });
});

describe('a directory from elsewhere', () => {
  let directory: string;
  let made = 0;
  beforeAll(async () => (directory = await mkdtemp(join(tmpdir(), 'masgpt-diff-'))));
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** The manifest names the digest of what the file holds, but for `given`. */
  async function write(provenance: string, given: Partial<Manifest> = {}): Promise<string> {
    const path = join(directory, String((made += 1)));
    await mkdir(path);
    const sha256 = createHash('sha256').update(provenance).digest('hex');
    const files = { 'provenance.jsonl': { sha256, bytes: provenance.length, rows: 1 } };
    const { manifest } = datasetOf([], { files, ...given });
    await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(join(path, 'provenance.jsonl'), provenance);
    return path;
  }

  it('is read whole, by its path or its manifest, whatever the texts in it', async () => {
    const rows = Object.values(evilCorpus).map((text, index) =>
      rowOf(index, { group: Buffer.from(text.slice(0, 200)).toString() }),
    );
    const path = await write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    expect((await readDatasetDirectory(path)).rows).toEqual(rows);
    expect((await readDatasetDirectory(join(path, 'manifest.json'))).rows).toEqual(rows);
  }, 120_000);

  it('is refused with the file and what is wrong with it', async () => {
    const row = `${JSON.stringify(rowOf(1))}\n`;
    const cases: [string, Promise<string>, RegExp][] = [
      [
        'nothing',
        Promise.resolve(join(directory, 'nowhere')),
        /nowhere\/manifest\.json: there is no such file/,
      ],
      ['another file', write(row, { files: {} }), /it is not the file that the manifest/],
      ['no row', write(`${row}{"file": 1}\n`), /provenance\.jsonl:2: it is no row/],
      ['no JSON', write('{\n'), /provenance\.jsonl:1: it is not JSON/],
      ['a long line', write('x'.repeat(2 * datasetCaps.lineBytes)), /the line has more than 65536 bytes/],
      ['another version', write(row, { v: 3 as 2 }), /no manifest of this product's datasets \(v:/],
    ];
    for (const [, path, message] of cases)
      await expect(path.then(readDatasetDirectory)).rejects.toThrow(message);
  }, 120_000);
});
