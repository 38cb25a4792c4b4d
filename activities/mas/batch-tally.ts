/** Counts a batch as it goes. */
import type { BatchInput, BatchProgress, BatchResult } from '../../workflows/matrix/contract.ts';
import { addUsage, noUsage, type Usage } from '../../workflows/shared/usage.ts';
import type { CellOutcome } from './cell-outcomes.ts';

export interface BatchTally {
  add(status: keyof typeof noCounts, spent?: Spent): void;
  progress(): BatchProgress;
  result(): BatchResult;
}

interface Spent {
  readonly usage: Usage;
  readonly simulated: boolean;
  /** Of a program that failed. */
  readonly failureKind?: string | undefined;
  /** The cell was there before this start of the run. */
  readonly found?: boolean;
}

const noCounts = { answered: 0, failed: 0, infraFailed: 0, budgetSkipped: 0, heldBack: 0 };

export function createBatchTally({ from, to }: Pick<BatchInput, 'from' | 'to'>): BatchTally {
  const counts = { ...noCounts };
  let usage: Usage = noUsage;
  let simulated = false;
  let found = 0;
  const failureKinds: Record<string, number> = {};
  return {
    add(status, spent) {
      counts[status] += 1;
      const kind = status === 'failed' ? (spent?.failureKind ?? 'raised') : 'infrastructure';
      if (status === 'failed' || status === 'infraFailed') failureKinds[kind] = (failureKinds[kind] ?? 0) + 1;
      if (!spent) return;
      if (spent.found && (status === 'answered' || status === 'failed')) found += 1;
      usage = addUsage(usage, spent.usage);
      simulated ||= spent.simulated;
    },
    progress: () => ({
      done: counts.answered + counts.failed,
      failed: counts.failed + counts.infraFailed,
      ...{ found, failureKinds, usage },
    }),
    result: () => ({ from, to, ...counts, found, failureKinds, usage, simulated }),
  };
}

/**
 * What a stored cell cost this start of the run: nothing when another run, or an earlier start, executed it. A batch that
 * lost its worker thus still counts what the lost attempt had finished.
 */
export function spentSince(outcome: CellOutcome, run: string, since: Date): Spent {
  let usage: Usage = noUsage;
  let simulated = outcome.generation?.simulated ?? false;
  let found = true;
  for (const execution of outcome.executions) {
    simulated ||= execution.simulated;
    if (execution.run === run && execution.ended_at && execution.ended_at >= since) {
      found = false;
      usage = addUsage(usage, usageOf(execution));
    }
  }
  const { generation } = outcome;
  if (generation && outcome.executions[0]?.run === run && generation.created_at >= since) {
    usage = addUsage(usage, generationUsage(generation));
  }
  return { usage, simulated, found, failureKind: outcome.execution?.failure_kind ?? undefined };
}

export function usageOf(execution: CellOutcome['executions'][number]): Usage {
  return {
    llmCalls: execution.llm_calls,
    tokensIn: execution.tokens_in,
    tokensCached: execution.tokens_cached,
    tokensOut: execution.tokens_out,
    costUsd: execution.cost_usd,
  };
}

export function generationUsage(generation: NonNullable<CellOutcome['generation']>): Usage {
  return {
    llmCalls: 1,
    tokensIn: generation.tokens_in,
    tokensCached: 0,
    tokensOut: generation.tokens_out,
    costUsd: generation.cost_usd,
  };
}
