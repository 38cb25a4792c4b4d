/**
 * What a training run shows, kept in one place: the `progress` query, the details and memo in Temporal's UI, search attributes.
 * Bounded, so that it survives continue-as-new.
 */
import { cell, gap } from '../shared/encode/markdown.ts';
import { createProgress } from '../shared/progress.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import type { AttemptRef } from './attempt.ts';
import type {
  AttemptOutcome,
  FailureClass,
  Notice,
  TrainingPlan,
  TrainingState,
  TrainingStep,
} from './contract.ts';
import { parkedDetails } from './parked.ts';
import { createSearchAttributes } from './search-attributes.ts';
import * as shown from './view.ts';

/** Survives continue-as-new. */
export interface CarriedView {
  readonly step: number;
  readonly losses: shown.TrainingView['losses'];
  readonly attempts: readonly shown.AttemptRecord[];
  readonly checkpoints: readonly number[];
  readonly notices: readonly Notice[];
  readonly operations: readonly shown.Operation[];
  /** Ends so far that were no success and nobody's wish. */
  readonly failed?: number;
}

export interface Entered {
  /** For search: the cause key. */
  readonly key?: string;
  /** One line. */
  readonly cause?: string;
  readonly parked?: shown.Parked;
}

export interface RunView {
  state(): TrainingState;
  checkpoints(): readonly number[];
  enter(state: TrainingState, stage: string, entered?: Entered): void;
  began(attempt: AttemptRef, fromStep: number, checkpoints: readonly number[], scope?: string): void;
  /** Returns the notices that were not known yet. */
  stepped(step: TrainingStep): readonly Notice[];
  /** An earlier start finished the model, in so many steps. */
  found(steps: number): void;
  ended(epoch: number | undefined, outcome: AttemptOutcome): void;
  operated(operation: shown.Operation): void;
  /** The plan was changed. */
  planned(maxSteps: number): void;
  step(): number;
  carried(): CarriedView;
}

const nothing: CarriedView = {
  step: 0,
  losses: [],
  attempts: [],
  checkpoints: [],
  notices: [],
  operations: [],
};

export function createRunView(
  resolved: ResolvedRun<TrainingPlan>,
  carried: CarriedView = nothing,
  accepts: () => readonly string[],
): RunView {
  const { recipe, dataset, searchAttributes = [] } = resolved.input;
  const search = createSearchAttributes(searchAttributes, recipe);
  const publish = createProgress(
    {
      ...{ state: 'pending', stage: 'starting', done: carried.step, failed: carried.failed ?? 0 },
      ...{ total: resolved.input.maxSteps, unit: 'steps' },
    },
    resolved.rules,
  );
  let state: TrainingState = 'pending';
  let { step, losses, attempts, checkpoints, notices, operations } = carried;
  let [phase, loss, tokensPerS] = ['start', null as number | null, null as number | null];
  let parked: shown.Parked | null = null;
  let [failed, key] = [carried.failed ?? 0, ''];
  let waitingSinceMs: number | null = null;

  const change = (epoch: number | undefined, next: Partial<shown.AttemptRecord>): void => {
    attempts = attempts.map((attempt) => (attempt.epoch === epoch ? { ...attempt, ...next } : attempt));
  };
  /** What nobody could train is told apart from what was lost. */
  const wait = (isWaiting: boolean): void => {
    if (isWaiting === (waitingSinceMs !== null)) return;
    const last = attempts.at(-1);
    if (waitingSinceMs !== null && last && last.endedMs !== null)
      change(last.epoch, { waitedMs: (last.waitedMs ?? 0) + Date.now() - waitingSinceMs });
    waitingSinceMs = isWaiting ? Date.now() : null;
  };
  const show = (update: Parameters<typeof publish>[0] = {}): void => {
    const current = attempts.at(-1);
    const nowMs = Date.now();
    const waitedMs = shown.waitedOf(attempts, nowMs, waitingSinceMs);
    const goodput = shown.goodputOf(attempts, step, nowMs, waitedMs);
    const training: shown.TrainingView = {
      ...{ recipe, dataset, epoch: current?.epoch ?? null, host: current?.host ?? null, phase, loss },
      ...{ losses, tokensPerS, goodput, waitedMs, attempts, checkpoints, notices, operations, parked },
      accepts: accepts(),
    };
    const lines = [tables(attempts, loss, checkpoints), ...(parked ? [parkedDetails(parked)] : [])];
    publish({ ...update, done: step, failed, training, details: lines.join('\n\n') });
    search({ state, cause: key, step });
  };

  return {
    state: () => state,
    checkpoints: () => checkpoints,
    step: () => step,
    enter(next, stage, entered = {}) {
      wait(next === 'needsOperator' || next === 'paused');
      state = next;
      parked = entered.parked ?? null;
      key = entered.key ?? '';
      show({ state, stage, cause: entered.cause ?? '' });
    },
    began({ epoch, host }, fromStep, verified, scope) {
      checkpoints = verified;
      step = fromStep;
      loss = losses.findLast(([told]) => told <= fromStep)?.[1] ?? null;
      phase = 'start';
      const startedMs = Date.now();
      const unseen = { toStep: fromStep, steppingMs: null, endedMs: null, class: null, cause: null };
      const where = { epoch, host, ...(scope === undefined ? {} : { scope }) };
      attempts = [...attempts, { ...where, fromStep, startedMs, ...unseen }].slice(-shown.keptAttempts);
    },
    stepped(told) {
      ({ phase, checkpoints } = told);
      const known = attempts.find((attempt) => attempt.epoch === told.epoch);
      // A trainer that resumes says step 0 until it has loaded its checkpoint.
      step = (resolved.rules ?? 1) >= 5 ? Math.max(told.step, known?.fromStep ?? 0) : told.step;
      loss = told.loss ?? loss;
      tokensPerS = told.tokensPerS ?? tokensPerS;
      losses = shown.addLosses(losses, told.losses ?? []);
      const isStepping = known?.steppingMs === null && step > known.fromStep;
      change(told.epoch, { toStep: step, ...(isStepping ? { steppingMs: Date.now() } : {}) });
      const fresh = (told.notices ?? []).filter(
        (notice) => !notices.some(({ kind, step: at }) => kind === notice.kind && at === notice.step),
      );
      notices = [...notices, ...fresh].slice(-shown.keptNotices);
      show();
      return fresh;
    },
    found(steps) {
      step = steps;
      state = 'succeeded';
      show({ state, stage: 'found finished' });
    },
    ended(epoch, outcome) {
      ({ checkpoints } = outcome);
      if (!wished.has(outcome.class)) failed += 1;
      if (epoch === undefined) return;
      ({ step } = outcome);
      loss = outcome.loss ?? loss;
      const end = { toStep: step, endedMs: Date.now(), class: outcome.class, cause: outcome.cause };
      const known = attempts.find((attempt) => attempt.epoch === epoch);
      const steppingMs =
        known?.steppingMs ?? (step > (known?.fromStep ?? 0) ? (known?.startedMs ?? null) : null);
      change(epoch, { ...end, steppingMs });
    },
    operated(operation) {
      operations = [...operations, operation].slice(-shown.keptOperations);
      show();
    },
    planned: (total) => show({ total }),
    carried: () => ({ step, losses, attempts, checkpoints, notices, operations, failed }),
  };
}

/** The loss and what it can be resumed from; below, the last attempts. */
function tables(
  attempts: readonly shown.AttemptRecord[],
  loss: number | null,
  checkpoints: readonly number[],
): string {
  const newest = cell(checkpoints.slice(-5).join(', ')) || 'none';
  const now = `| loss${gap} | verified checkpoints |\n|---|---|\n| ${loss?.toPrecision(4) ?? '-'}${gap} | ${newest} |`;
  if (attempts.length === 0) return now;
  const rows = attempts.slice(-tabledAttempts).map(({ epoch, host, scope, fromStep, toStep, class: end }) => {
    const cells = [epoch, cell(host), cell(scope ?? '-'), `${fromStep} to ${toStep}`, end ?? 'runs'];
    return `| ${cells.join(`${gap} | `)} |`;
  });
  const heads = ['attempt', 'host', 'scope', 'steps', 'end'].join(`${gap} | `);
  return `${now}\n\n| ${heads} |\n|---|---|---|---|---|\n${rows.join('\n')}`;
}

const tabledAttempts = 4;

/** Ends that are no failure. */
const wished: ReadonlySet<FailureClass> = new Set([
  ...(['completed', 'stopped', 'cancelled', 'superseded'] as const),
  ...(['preempted', 'walltime', 'supervisorLost'] as const),
]);
