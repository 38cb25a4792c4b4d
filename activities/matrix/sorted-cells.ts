/** All cells of some plans in the order of their keys, each key once, in 50 bytes per cell: millions fit. */
import { cellAt, cellCount, type Plan } from '../../workflows/matrix/contract.ts';
import type { Query } from '../../workflows/shared/query.ts';
import { createCellKeys } from '../mas/cell-outcomes.ts';
import type { PlanReader } from '../mas/plan-reader.ts';

export interface KeyedCell {
  readonly key: string;
  readonly plan: Plan;
  /** Of its query. */
  readonly grader: string;
  /** Name of the program. */
  readonly program: string;
}

const keyBytes = 32;
const cellsPerRead = 5_000;

export interface SortedCells {
  readonly count: number;
  range(from: number, to: number): KeyedCell[];
}

/** Cells of generators are left out: what they wrote is not a program of the plan. */
export async function sortCells(
  plans: PlanReader,
  shas: readonly string[],
  about: {
    readonly revisionOf: (plan: Plan, driver: string) => string;
    readonly graderOf: (query: Query) => string;
  },
): Promise<SortedCells> {
  const opened = await Promise.all(shas.map((sha256) => plans.plan(sha256)));
  const most = opened.reduce((sum, plan) => sum + cellCount(plan), 0);
  const keys = Buffer.alloc(most * keyBytes);
  const planOf = new Uint16Array(most);
  const cellOf = new Uint32Array(most);
  /** By plan and query. */
  const graders = opened.map((): string[] => []);
  let filled = 0;
  for (const [number, plan] of opened.entries()) {
    const keyOf = createCellKeys(plan, (driver) => about.revisionOf(plan, driver));
    for (let from = 0; from < cellCount(plan); from += cellsPerRead) {
      const to = Math.min(from + cellsPerRead, cellCount(plan));
      for (const cell of await plans.cells({ plan: shas[number] as string, from, to })) {
        if (cell.system.kind !== 'program') continue;
        (graders[number] as string[])[cell.queryIndex] ??= about.graderOf(cell.query);
        keys.write(keyOf(cell, cell.system.program), filled * keyBytes, 'hex');
        planOf[filled] = number;
        cellOf[filled] = cell.index;
        filled += 1;
      }
    }
  }
  const order = orderOf(keys, filled);
  return {
    count: order.length,
    range: (from, to) =>
      [...order.subarray(from, to)].map((position) => {
        const number = planOf[position] as number;
        const plan = opened[number] as Plan;
        const { query, system } = cellAt(plan, cellOf[position] as number);
        const program = plan.systems[system]?.id ?? '';
        const start = position * keyBytes;
        const grader = graders[number]?.[query] ?? '';
        return { key: keys.toString('hex', start, start + keyBytes), plan, grader, program };
      }),
  };
}

/** Positions by rising key; of equal keys (two names of one program, two plans) the first. */
function orderOf(keys: Buffer, count: number): Uint32Array {
  const heads = Float64Array.from({ length: count }, (_, at) => keys.readUIntBE(at * keyBytes, 6));
  const compare = (a: number, b: number): number =>
    (heads[a] as number) - (heads[b] as number) ||
    keys.compare(keys, b * keyBytes, (b + 1) * keyBytes, a * keyBytes, (a + 1) * keyBytes);
  const order = Uint32Array.from({ length: count }, (_, at) => at).sort((a, b) => compare(a, b) || a - b);
  return order.filter((at, index) => index === 0 || compare(at, order[index - 1] as number) !== 0);
}
