/**
 * Runs the cells of a plan as batches in a sliding window; buildDataset and evaluateBenchmarks both call it. What is
 * stored already is not run again, so the same plan started anew does only what is missing.
 */
import type { Duration } from '@temporalio/common';
import { proxyActivities } from '@temporalio/workflow';
import { priorityOf } from '../shared/queues.ts';
import { slideWindow } from '../shared/sliding-window.ts';
import { addUsage, noUsage, type Usage } from '../shared/usage.ts';
import {
  type BatchInput,
  type BatchResult,
  type MatrixActivities,
  matrixActivityOptions,
  runBatchType,
} from './contract.ts';

export interface MatrixSums {
  readonly answered: number;
  readonly failed: number;
  readonly infraFailed: number;
  /** Cells of started batches that the budget left undone. */
  readonly budgetSkipped: number;
  /** With `budgetSkipped`: which level is spent, and its figures. */
  readonly budget?: string;
  /** What was newly spent. */
  readonly usage: Usage;
  readonly simulated: boolean;
}

/** Survives continue-as-new; the batch size is carried, so that another release's default cannot shift the batches. */
export interface MatrixCarried {
  readonly v: 1;
  readonly next: number;
  readonly open: readonly number[];
  readonly batchSize: number;
  readonly sums: MatrixSums;
}

export interface MatrixProgress extends MatrixSums {
  readonly total: number;
  /** Workflow ids of the batches in flight; their heartbeats are `BatchProgress`. */
  readonly open: readonly string[];
}

export interface MatrixResult extends MatrixSums {
  /** Cells without an answer or a named program failure: the budget was spent, or infrastructure prevented them. */
  readonly unfinished: number;
}

export interface MatrixOptions {
  /** Blob of the `Plan`, and `cellCount` of it. */
  readonly plan: string;
  readonly cells: number;
  /** KIND/NAME: scope of the budget. */
  readonly run: string;
  /** One of `priorities`. */
  readonly priority: number;
  /** Children are `PARENT/LABEL-N`; a second matrix of the same workflow needs another label. Default `batch`. */
  readonly label?: string;
  /** Cells per batch; default: two batches, of 100 to 500 cells. */
  readonly batchSize?: number;
  /** Batches in flight, default 4. */
  readonly window?: number;
  readonly carried?: MatrixCarried | undefined;
  readonly onProgress: (progress: MatrixProgress) => void;
  /** Calls the workflow's own `continueAsNew` with its input and this state. */
  readonly continueAsNew: (carried: MatrixCarried) => Promise<never>;
  readonly maxHistoryEvents?: number;
  readonly quiet?: Duration;
}

const defaults = { label: 'batch', window: 4, maxHistoryEvents: 5_000, quiet: '10 m' } as const;
const noSums: MatrixSums = {
  answered: 0,
  failed: 0,
  infraFailed: 0,
  budgetSkipped: 0,
  usage: noUsage,
  simulated: false,
};

/** Ends early, without failing, when a batch reports that the budget is spent. Throws what made a batch fail. */
export async function runMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const { label, window, maxHistoryEvents, quiet } = { ...defaults, ...options };
  const { plan, run, priority, cells, carried } = options;
  const batchSize = carried?.batchSize ?? options.batchSize ?? defaultBatchSize(cells);
  let sums = carried?.sums ?? noSums;
  const batch = (member: number): BatchInput => {
    const from = member * batchSize;
    return { plan, from, to: Math.min(from + batchSize, cells), run, priority };
  };
  const { reconcileBatch } = proxyActivities<MatrixActivities>({
    ...matrixActivityOptions.reconcileBatch,
    summary: 'read a batch that did not report',
  });

  await slideWindow<BatchResult>({
    label,
    key: plan,
    total: Math.ceil(cells / batchSize),
    size: window,
    state: carried ?? { next: 0, open: [] },
    child: {
      type: runBatchType,
      args: (member) => [batch(member)],
      options: (member) => ({
        priority: priorityOf(priority, run),
        staticSummary: `cells ${batch(member).from} to ${batch(member).to - 1} of ${run}`,
      }),
    },
    onResult: (result) => {
      sums = addResult(sums, result);
      return result.budgetSkipped === 0;
    },
    onChange: (open) => options.onProgress({ ...sums, total: cells, open }),
    reconcile: (member) => reconcileBatch(batch(member)),
    continueAsNew: (state) => options.continueAsNew({ v: 1, ...state, batchSize, sums }),
    maxHistoryEvents,
    quiet,
  });
  return { ...sums, unfinished: cells - sums.answered - sums.failed };
}

/** Two batches for a small matrix; 500 cells at most, so that a batch is minutes of work and 40 events. */
function defaultBatchSize(cells: number): number {
  return Math.min(500, Math.max(100, Math.ceil(cells / 2)));
}

function addResult(sums: MatrixSums, result: BatchResult): MatrixSums {
  return {
    answered: sums.answered + result.answered,
    failed: sums.failed + result.failed,
    infraFailed: sums.infraFailed + result.infraFailed,
    budgetSkipped: sums.budgetSkipped + result.budgetSkipped,
    ...((sums.budget ?? result.budget) ? { budget: sums.budget ?? result.budget } : {}),
    usage: addUsage(sums.usage, result.usage),
    simulated: sums.simulated || result.simulated,
  };
}
