/**
 * Runs the cells of a plan as batches in a sliding window; buildDataset and evaluateBenchmarks both call it. What is
 * stored already is not run again, so the same plan started anew does only what is missing.
 */
import type { Duration } from '@temporalio/common';
import { proxyActivities } from '@temporalio/workflow';
import { addCounts, type Counts } from '../shared/counts.ts';
import { priorityOf } from '../shared/queues.ts';
import { slideWindow } from '../shared/sliding-window.ts';
import { addUsage, noUsage, type Usage } from '../shared/usage.ts';
import { pausedCause, type Steering, type SteeringCarried } from './steering.ts';
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
  /** Of `answered` and `failed`: cells that were there before this start of the run. */
  readonly found?: number;
  /** Of `failed` and `infraFailed`: by the program's failure kind, or `infrastructure`. */
  readonly failureKinds?: Counts;
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
  /** Batches that the pause cut short, with what they did: they are started once more. */
  readonly again?: readonly number[];
  readonly cutShort?: readonly (readonly [number, BatchResult])[];
  /** Batches below `to` were looked up: those in `todo` are to be run. */
  readonly surveyed?: Surveyed;
  readonly steering?: SteeringCarried;
}

interface Surveyed {
  readonly to: number;
  readonly todo: readonly number[];
}

export interface MatrixProgress extends MatrixSums {
  readonly total: number;
  /** Workflow ids of the batches in flight; their heartbeats are `BatchProgress`. */
  readonly open: readonly string[];
  readonly paused: boolean;
}

export interface MatrixResult extends MatrixSums {
  /** Cells without an answer or a named program failure: the budget was spent, or infrastructure prevented them. */
  readonly unfinished: number;
  /** Why cells are unfinished: which budget is spent, or that the time is over. Undefined when nothing stopped it. */
  readonly spent?: string;
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
  /** Pauses it, tunes it, ends it; `createSteering({ carried: carried?.steering })`. */
  readonly steering: Steering;
  /** Of the run. From 3 on, batches that are done are found before they are started. */
  readonly rules?: number | undefined;
  readonly carried?: MatrixCarried | undefined;
  readonly onProgress: (progress: MatrixProgress) => void;
  /** Calls the workflow's own `continueAsNew` with its input and this state. */
  readonly continueAsNew: (carried: MatrixCarried) => Promise<never>;
  readonly maxHistoryEvents?: number;
  readonly quiet?: Duration;
}

const defaults = { label: 'batch', maxHistoryEvents: 5_000, quiet: '10 m' } as const;
/** Batches looked up at once: 50,000 cells, one answer of at most 100 numbers. */
const batchesPerSurvey = 100;
const noSums: MatrixSums = {
  answered: 0,
  failed: 0,
  infraFailed: 0,
  budgetSkipped: 0,
  usage: noUsage,
  simulated: false,
};

/** Ends early, without failing, when a budget or the time is spent. Throws what made a batch fail. */
export async function runMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const { label, maxHistoryEvents, quiet } = { ...defaults, ...options };
  const { plan, run, priority, cells, carried, steering } = options;
  const batchSize = carried?.batchSize ?? options.batchSize ?? defaultBatchSize(cells);
  const total = Math.ceil(cells / batchSize);
  let sums = carried?.sums ?? noSums;
  const cutShort = new Map(carried?.cutShort ?? []);
  let surveyed: Surveyed = carried?.surveyed ?? { to: carried?.next ?? 0, todo: [] };
  const batch = (member: number): BatchInput => {
    const from = member * batchSize;
    const to = Math.min(from + batchSize, cells);
    return { plan, from, to, run, priority, steering: steering.key };
  };
  const { reconcileBatch } = proxyActivities<MatrixActivities>({
    ...matrixActivityOptions.reconcileBatch,
    summary: 'read a batch that did not report',
  });
  const { surveyBatches } = proxyActivities<MatrixActivities>({
    ...matrixActivityOptions.surveyBatches,
    summary: 'find what is done',
  });
  const withCutShort = (): MatrixSums => [...cutShort.values()].reduce(addResult, sums);
  let open: readonly string[] = [];
  const show = (): void =>
    options.onProgress({ ...withCutShort(), total: cells, open, paused: steering.paused() });
  steering.onChange(show);

  const firstWithWork = async (member: number): Promise<number> => {
    for (;;) {
      const found = surveyed.todo.find((todo) => todo >= member);
      if (found !== undefined) return found;
      const from = Math.max(member, surveyed.to);
      if (from >= total) return total;
      const to = Math.min(from + batchesPerSurvey, total);
      const { todo, ...done } = await surveyBatches({ plan, run, batchSize, from, to });
      surveyed = { to, todo };
      const stored = done.answered + done.failed;
      sums = addResult(sums, { ...done, found: stored, infraFailed: 0, budgetSkipped: 0, usage: noUsage });
      show();
    }
  };

  await slideWindow<BatchResult>({
    label,
    key: plan,
    total,
    size: () => steering.window(),
    held: () => steering.paused(),
    ended: () => steering.ended() !== undefined,
    steered: () => steering.version(),
    after: (options.rules ?? 1) >= 3 ? firstWithWork : undefined,
    awaitEnding: (options.rules ?? 1) >= 4,
    state: carried ?? { next: 0, open: [] },
    child: {
      type: runBatchType,
      args: (member) => [batch(member)],
      options: (member) => ({
        priority: priorityOf(priority, run),
        staticSummary: `cells ${batch(member).from} to ${batch(member).to - 1} of ${run}`,
      }),
    },
    onResult: (result, member) => {
      cutShort.delete(member);
      if ((result.heldBack ?? 0) > 0) {
        // What it did counts when it is whole, or at the end.
        cutShort.set(member, result);
        return 'again';
      }
      sums = addResult(sums, result);
      return result.budgetSkipped === 0 ? 'next' : 'stop';
    },
    onChange: (ids) => {
      open = ids;
      show();
    },
    reconcile: (member) => reconcileBatch(batch(member)),
    continueAsNew: (state) =>
      options.continueAsNew({
        ...{ v: 1, ...state, batchSize, sums, surveyed, steering: steering.carried() },
        ...(cutShort.size > 0 ? { cutShort: [...cutShort] } : {}),
      }),
    maxHistoryEvents,
    quiet,
  });
  await steering.close();
  sums = withCutShort();
  const unfinished = cells - sums.answered - sums.failed;
  const spent = sums.budgetSkipped > 0 ? (sums.budget ?? 'the budget is used up') : steering.ended();
  return { ...sums, unfinished, ...(spent === undefined || unfinished === 0 ? {} : { spent }) };
}

/** Two batches for a small matrix; 500 cells at most, so that a batch is minutes of work and 40 events. */
function defaultBatchSize(cells: number): number {
  return Math.min(500, Math.max(100, Math.ceil(cells / 2)));
}

type Addend = Omit<BatchResult, 'from' | 'to' | 'heldBack'>;

function addResult(sums: MatrixSums, result: Addend): MatrixSums {
  return {
    answered: sums.answered + result.answered,
    failed: sums.failed + result.failed,
    infraFailed: sums.infraFailed + result.infraFailed,
    budgetSkipped: sums.budgetSkipped + result.budgetSkipped,
    ...((sums.budget ?? result.budget) ? { budget: sums.budget ?? result.budget } : {}),
    found: (sums.found ?? 0) + (result.found ?? 0),
    failureKinds: addCounts(sums.failureKinds, result.failureKinds),
    usage: addUsage(sums.usage, result.usage),
    simulated: sums.simulated || result.simulated,
  };
}

/** What a run with a matrix publishes of it. */
export function progressOf(matrix: MatrixProgress) {
  const { answered, failed, infraFailed, found = 0, failureKinds = {}, usage, open, paused } = matrix;
  return {
    ...{ state: paused ? 'paused' : 'running', cause: paused ? pausedCause : '', unit: 'cells' },
    ...{ done: answered + failed, found, failed: failed + infraFailed, failureKinds, usage, open },
  };
}
