/** Stored scores read into a table: 200 queries x 48 programs x 3 repeats, written for it, in cells per second. */
import { createHash } from 'node:crypto';
import { readScoreTable } from '../../../activities/dataset/read-score-table.ts';
import { executionKey, executionSeed } from '../../../activities/mas/execution-key.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { planSchema } from '../../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { type Query, querySchema } from '../../../workflows/shared/query.ts';
import type { BenchResult } from '../main.ts';

const size = { queries: 200, programs: 48, repeats: 3 };
const rowsPerInsert = 1_000;
const revision = '1';
const grader = 'number/1';
const hexOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function readGenerated(
  database: Database,
  note: (text: string) => void,
): Promise<BenchResult['metrics']> {
  const queries = Array.from({ length: size.queries }, (_, index) =>
    querySchema.parse({
      ...{ id: hexOf(`query ${index}`).slice(0, 32), text: `query ${index}`, source: 'bench' },
      gold: { kind: 'number', value: '1' },
    }),
  );
  const programs = Array.from({ length: size.programs }, (_, index) => {
    const program = { id: `program-${index}`, sha256: hexOf(`program ${index}`) };
    return { kind: 'program', id: program.id, program };
  });
  const plan = planSchema.parse({
    ...{ v: 1, queries: hexOf(''), queryCount: size.queries, systems: programs, repeats: size.repeats },
    ...{ drivers: ['bench'], seed: 7, tenant: 'bench', limits: limitsSchema.parse({}) },
  });
  const cells = queries.flatMap((query) =>
    programs.flatMap(({ program }) =>
      Array.from({ length: size.repeats }, (_, repeat) => ({ query, program, repeat })),
    ),
  );
  note(`writing ${cells.length} executions`);
  for (let from = 0; from < cells.length; from += rowsPerInsert)
    await insert(database, plan, cells.slice(from, from + rowsPerInsert));
  const began = performance.now();
  const cpu = process.cpuUsage();
  const table = await readScoreTable(
    {
      database,
      calls: { identity: (model) => Promise.resolve({ model, revision, simulated: true }) },
      grading: { graderOf: () => grader },
    },
    { plan, queries, leaders: [], signal: new AbortController().signal },
  );
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const read = table.executed.reduce((sum, executed) => sum + executed, 0);
  if (read !== cells.length) throw new Error(`read ${read} of ${cells.length} cells`);
  return {
    readCellsPerSecond: Math.round(read / seconds),
    readCpuMicrosecondsPerCell: Math.round((user + system) / read),
  };
}

interface GeneratedCell {
  readonly query: Query;
  readonly program: { readonly sha256: string };
  readonly repeat: number;
}

async function insert(
  database: Database,
  plan: ReturnType<typeof planSchema.parse>,
  cells: readonly GeneratedCell[],
): Promise<void> {
  const rows = cells.map(({ query, program, repeat }) => {
    const { tenant, seed: runSeed, limits } = plan;
    const identity = { tenant, query, program, driver: 'bench', repeat, runSeed, limits };
    return {
      ...{ key: executionKey(identity, revision), tenant, run: 'dataset/bench', query_id: query.id },
      ...{ program_sha256: program.sha256, driver: 'bench', repeat, seed: executionSeed(identity) },
      ...{ guest: '', status: 'answered' as const, answer: '1', llm_calls: 3, tokens_in: 500 },
    };
  });
  await database.insertInto('executions').values(rows).execute();
  await database
    .insertInto('scores')
    .values(rows.map(({ key }, index) => ({ execution: key, grader, score: index % 2, verdict: '{}' })))
    .execute();
}
