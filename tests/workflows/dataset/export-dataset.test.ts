/** The export of a dataset on real parts: what each file holds, where each row comes from, and that the bytes follow from the inputs. */
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { manifestSchema } from '../../../activities/dataset/export/manifest.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import { alwaysWritten, exportFileNames, exportFormats } from '../../../workflows/dataset/export-contract.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

const input = {
  queries: [{ source: 'generated-train', limit: 16 }],
  programs: ['cot', 'math-with-code', 'single'],
  repeats: 3,
  seed: 5,
  export: { formats: [...exportFormats], splits: { validation: 0.2, test: 0.15 } },
} satisfies DatasetRequest;

let stack: SimulatedStack;
let built: DatasetResult;

const bytesOf = (result: DatasetResult, file: string, on = stack): Promise<Buffer> =>
  on.services.blobs.get(result.files[file] ?? '');

async function linesOf(file: string): Promise<unknown[]> {
  const text = (await bytesOf(built, file)).toString();
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
}

async function tableOf(file: string): Promise<Record<string, unknown>[]> {
  const bytes = await bytesOf(built, file);
  const copy = new Uint8Array(bytes).buffer;
  return await parquetReadObjects({ file: copy });
}

beforeAll(async () => {
  stack = await simulatedStack();
  built = await stack.build(input, 'exported');
}, 240_000);
afterAll(() => stack?.[Symbol.asyncDispose]());

const filled = z.string().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const turn = (role: string) => z.strictObject({ role: z.literal(role), content: filled });
const prompt = z.tuple([turn('system'), turn('user')]);
const completion = z.tuple([turn('assistant')]);
const queryId = z.string().regex(/^[0-9a-f]{32}$/);
const share = z.number().min(0).max(1);

const provenance = z.strictObject({
  file: filled,
  row: z.int().nonnegative(),
  split: z.enum(['train', 'validation', 'test']),
  query_id: queryId,
  source: z.literal('generated-train'),
  subject: filled,
  licence: z.literal('Apache-2.0'),
  group: filled,
  cluster: queryId,
  base_program: z.enum(input.programs),
  base_sha256: sha256,
  base_score: share,
  base_executions: z.array(sha256).length(input.repeats),
  program_sha256: sha256,
  adapted: z.boolean(),
  kept_because: filled.nullable(),
  score: share,
  executions: z.array(sha256).length(input.repeats),
  reasoning_sha256: sha256,
  notes: z.record(z.string(), z.unknown()),
});

const schemas: Record<string, z.ZodType> = {
  'sft.jsonl': z.strictObject({
    messages: z.tuple([turn('system'), turn('user'), turn('assistant')]),
  }),
  'completions.jsonl': z.strictObject({ prompt, completion }),
  'preferences.jsonl': z.strictObject({
    ...{ prompt, chosen: completion, rejected: completion, query_id: queryId },
    ...{ chosen_program: filled, chosen_sha256: sha256, rejected_program: filled, rejected_sha256: sha256 },
    ...{ chosen_score: share.gt(0.5), rejected_score: share.max(0.5), score_gap: share.min(0.5) },
    ...{ chosen_repeats: z.literal(3), rejected_repeats: z.literal(3) },
    ...{ chosen_cost_usd: z.number(), rejected_cost_usd: z.number() },
    ...{ chosen_tokens: z.number().positive(), rejected_tokens: z.number() },
  }),
  'unpaired.jsonl': z.strictObject({
    ...{ prompt, completion, label: z.boolean(), query_id: queryId, program: filled, program_sha256: sha256 },
    ...{ score: share, repeats: z.literal(3) },
  }),
  'programs.jsonl': z.strictObject({ sha256, source: filled }),
  'provenance.jsonl': provenance,
};

describe('the files of a dataset', () => {
  it('are those that were asked for, each with its digest and size in the manifest, and none else', async () => {
    expect(Object.keys(built.files)).toEqual(expect.arrayContaining([...alwaysWritten]));
    for (const file of Object.keys(built.files)) expect(exportFileNames).toContain(file);
    const manifest = manifestSchema.parse(JSON.parse((await bytesOf(built, 'manifest.json')).toString()));
    const listed = Object.keys(built.files).filter((file) => !['manifest.json', 'run.json'].includes(file));
    expect(Object.keys(manifest.files).toSorted()).toEqual(listed.toSorted());
    for (const file of listed) {
      expect(manifest.files[file]?.sha256).toBe(built.files[file]);
      expect(manifest.files[file]?.bytes).toBe((await bytesOf(built, file)).length);
    }
    expect(manifest).toMatchObject({ simulated: true, rows: built.rows, queries: 16 });
    const { estimate, interval, queries } = manifest.labelPrecision;
    expect(queries).toBeGreaterThan(0);
    expect(estimate).toBeGreaterThanOrEqual(interval?.low ?? 1);
    expect(estimate).toBeLessThanOrEqual(interval?.high ?? 0);
    const { splits } = manifest;
    expect(splits.train + splits.validation + splits.test + built.dropped).toBe(16);
    expect(splits.validation).toBeGreaterThan(0);
  });

  it('hold rows of their form, and no empty one', async () => {
    const seen = new Set<string>();
    for (const file of Object.keys(built.files)) {
      const kind = file.replace(/\.(validation|test)\./, '.');
      const schema = schemas[kind];
      if (!schema) continue;
      for (const row of await linesOf(file)) schema.parse(row);
      seen.add(kind);
    }
    expect([...seen].toSorted()).toEqual(Object.keys(schemas).toSorted());
    expect((await linesOf('preferences.jsonl')).length).toBeGreaterThan(0);
    expect((await linesOf('unpaired.jsonl')).length).toBeGreaterThan(0);
  });

  it('trace every row of each chat file to its query, program, base and executions', async () => {
    const rows = z.array(provenance).parse(await linesOf('provenance.jsonl'));
    const { database, blobs } = stack.services;
    const files = Object.keys(built.files).filter((file) => /^sft\.(validation\.|test\.)?jsonl$/.test(file));
    let traced = 0;
    for (const file of files) {
      for (const [row, chat] of (await linesOf(file)).entries()) {
        const own = rows.find((candidate) => candidate.file === file && candidate.row === row);
        const { messages } = chat as { messages: { content: string }[] };
        const program = await blobs.getText(own?.program_sha256 ?? '');
        expect(messages[2]?.content.endsWith(`\`\`\`python\n${program.trimEnd()}\n\`\`\``)).toBe(true);
        const executions = await database
          .selectFrom('executions')
          .leftJoin('scores', 'scores.execution', 'executions.key')
          .select(['key', 'query_id', 'program_sha256', 'score'])
          .where('key', 'in', [...(own?.executions ?? []), ...(own?.base_executions ?? [])])
          .execute();
        const base = executions.filter(({ key }) => own?.base_executions.includes(key));
        const final = executions.filter(({ key }) => own?.executions.includes(key));
        expect(new Set(executions.map(({ query_id }) => query_id))).toEqual(new Set([own?.query_id]));
        expect(base.map((found) => found.program_sha256)).toEqual(
          Array.from({ length: input.repeats }, () => own?.base_sha256),
        );
        expect(final.map((found) => found.program_sha256)).toEqual(
          Array.from({ length: input.repeats }, () => own?.program_sha256),
        );
        const mean = base.reduce((sum, { score }) => sum + (score ?? 0), 0) / input.repeats;
        expect(mean).toBeCloseTo(own?.base_score ?? -1);
        traced += 1;
      }
    }
    expect(traced).toBe(rows.length);
    const apart = new Map<string, string>();
    for (const { cluster, split } of rows) {
      expect(apart.get(cluster) ?? split).toBe(split);
      apart.set(cluster, split);
    }
  });

  it('say the same as parquet, and hold every cell of the matrix as a reward', async () => {
    const table = await tableOf('sft.parquet');
    expect(table.map(({ messages }) => ({ messages }))).toEqual(await linesOf('sft.jsonl'));
    const rewards = await tableOf('rewards.parquet');
    expect(rewards).toHaveLength(16 * 3);
    const programs = (await linesOf('programs.jsonl')) as { sha256: string }[];
    for (const reward of rewards) {
      expect(reward).toMatchObject({ repeats: 3, driver: 'sim-driver' });
      expect(programs.map((program) => program.sha256)).toContain(reward['program_sha256']);
    }
    const means = new Set(rewards.map(({ score }) => Math.round(Number(score) * 3)));
    expect(means.size).toBeGreaterThan(1);
  });

  it('leave names, times and costs of the run to run.json', async () => {
    const record = JSON.parse((await bytesOf(built, 'run.json')).toString()) as Record<string, unknown>;
    expect(record).toMatchObject({
      run: 'dataset/exported',
      manifestSha256: built.files['manifest.json'],
      calls: expect.arrayContaining([expect.objectContaining({ simulated: true })]),
    });
    for (const file of Object.keys(built.files)) {
      if (file === 'run.json') continue;
      expect((await bytesOf(built, file)).includes('exported')).toBe(false);
    }
  });
});

describe('the bytes', () => {
  it('are the same from another database, home and name, and others from another seed', async () => {
    await using other = await simulatedStack();
    const again = await other.build(input, 'by-another-name');
    expect(Object.keys(again.files)).toEqual(Object.keys(built.files));
    for (const file of Object.keys(built.files)) {
      if (file === 'run.json') continue;
      expect([file, again.files[file]]).toEqual([file, built.files[file]]);
    }
    const seeded = await other.build({ ...input, seed: 6 }, 'by-another-seed');
    expect(seeded.files['sft.jsonl']).not.toBe(built.files['sft.jsonl']);
    expect(seeded.files['rewards.parquet']).not.toBe(built.files['rewards.parquet']);
  }, 240_000);
});
