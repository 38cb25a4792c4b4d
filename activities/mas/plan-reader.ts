/** Reads a plan and the cells of a batch. Plans are blobs of our own writing, checked when they were written. */
import {
  type BatchInput,
  cellAt,
  type Plan,
  planSchema,
  type System,
} from '../../workflows/matrix/contract.ts';
import type { Query } from '../../workflows/shared/query.ts';
import type { Blobs } from '../storage/blobs.ts';

export interface BatchCell {
  readonly index: number;
  /** Position of `query` in the plan's query lines. */
  readonly queryIndex: number;
  readonly query: Query;
  readonly system: System;
  readonly driver: string;
  readonly repeat: number;
}

export interface PlanReader {
  plan(sha256: string): Promise<Plan>;
  cells(range: Pick<BatchInput, 'plan' | 'from' | 'to'>): Promise<readonly BatchCell[]>;
}

interface Loaded {
  readonly plan: Plan;
  readonly lines: readonly string[];
}

export function createPlanReader(blobs: Blobs): PlanReader {
  /** The last plans: the batches of a run all read the same one. */
  const loaded = new Map<string, Promise<Loaded>>();

  function open(sha256: string): Promise<Loaded> {
    const known = loaded.get(sha256);
    if (known) return known;
    for (const oldest of [...loaded.keys()].slice(0, -1)) loaded.delete(oldest);
    const opening = load(blobs, sha256);
    loaded.set(sha256, opening);
    opening.catch(() => loaded.delete(sha256));
    return opening;
  }

  return {
    plan: async (sha256) => (await open(sha256)).plan,
    async cells({ plan: sha256, from, to }) {
      const { plan, lines } = await open(sha256);
      const queries = new Map<number, Query>();
      return Array.from({ length: to - from }, (_, offset) => {
        const { query: queryIndex, system, driver, repeat } = cellAt(plan, from + offset);
        const query = queries.get(queryIndex) ?? (JSON.parse(lines[queryIndex] as string) as Query);
        queries.set(queryIndex, query);
        return {
          index: from + offset,
          queryIndex,
          query,
          system: plan.systems[system] as System,
          driver: plan.drivers[driver] as string,
          repeat,
        };
      });
    },
  };
}

async function load(blobs: Blobs, sha256: string): Promise<Loaded> {
  const plan = planSchema.parse(JSON.parse(await blobs.getText(sha256)));
  const lines = (await blobs.getText(plan.queries)).split('\n').filter((line) => line !== '');
  return { plan, lines };
}
