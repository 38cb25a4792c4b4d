/** Stored scores read into a table: 200 queries x 48 programs x 3 repeats, written for it, in cells per second. */
import { readScoreTable } from '../../../activities/dataset/read-score-table.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { cellCount } from '../../../workflows/matrix/contract.ts';
import { querySchema } from '../../../workflows/shared/query.ts';
import type { BenchResult } from '../main.ts';
import {
  generatedGrader,
  generatedPlan,
  generatedRevision,
  hexOf,
  insertMatrix,
} from './generated-matrix.ts';

const size = { queries: 200, programs: 48, repeats: 3 };

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
  const programs = Array.from({ length: size.programs }, (_, index) => ({
    id: `program-${index}`,
    sha256: hexOf(`program ${index}`),
  }));
  const plan = generatedPlan({
    ...{ queries: hexOf(''), queryCount: size.queries, programs, repeats: size.repeats },
  });
  const cells = cellCount(plan);
  note(`writing ${cells} executions`);
  await insertMatrix(database, plan, queries);
  const began = performance.now();
  const cpu = process.cpuUsage();
  const table = await readScoreTable(
    {
      database,
      calls: {
        identity: (model) => Promise.resolve({ model, revision: generatedRevision, simulated: true }),
      },
      grading: { graderOf: () => generatedGrader },
    },
    { plan, queries, leaders: [], signal: new AbortController().signal },
  );
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const read = table.executed.reduce((sum, executed) => sum + executed, 0);
  if (read !== cells) throw new Error(`read ${read} of ${cells} cells`);
  return {
    readCellsPerSecond: Math.round(read / seconds),
    readCpuMicrosecondsPerCell: Math.round((user + system) / read),
  };
}
