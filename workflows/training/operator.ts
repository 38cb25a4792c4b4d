/**
 * The operator's side of a training run: updates with validators, each refused with what the state takes instead, and each kept
 * with who, when and why. Arguments: contract.ts `trainingUpdates`.
 */
import { condition, currentUpdateInfo, defineUpdate, setHandler } from '@temporalio/workflow';
import { changeableFields, type ConfigChange, readConfigChange } from './config-change.ts';
import { statesOfUpdate, type TrainingState, type TrainingUpdate, trainingUpdates } from './contract.ts';
import { type Fields, only, readArgument, reason, refuse, type Said, wholeNumber } from './operator-input.ts';
import type { Operation } from './view.ts';

export type Decision =
  | { readonly do: 'resume'; readonly fromStep?: number }
  | { readonly do: 'abort'; readonly reason: string };

export interface Operator {
  /** Set while somebody asked for a pause or an abort, and it has not come about yet. */
  readonly interruption: () => 'pause' | 'abort' | undefined;
  /** Waits for a decision, for weeks if need be: no timer, no polling. */
  decide(): Promise<Decision>;
  /** The reason of an abort, once given. */
  readonly abortReason: () => string | undefined;
  clearPause(): void;
  /** The reason, when this attempt was declared lost. */
  readonly lost: (epoch: number) => string | undefined;
}

export interface OperatorPorts {
  state(): TrainingState;
  checkpoints(): readonly number[];
  maxSteps(): number;
  /** The attempt whose host does not answer. */
  silent(): { readonly epoch: number; readonly host: string } | undefined;
  /** Updates that this very situation does not take, though its state does. */
  refused(): readonly TrainingUpdate[];
  /** Called by `pause`, `abort` and `declareLost`: whatever waits looks again. */
  interrupt(): void;
  saveNow(): Promise<void>;
  change(change: ConfigChange): Promise<void>;
  /** The attempt is written off, so that the next one may start. */
  declareLost(epoch: number): Promise<void>;
  /** Stores the entry; returns it with who sent the update. */
  record(operation: Operation, updateId: string): Promise<Operation>;
  recorded(operation: Operation): void;
}

/** Shown where updates are sent from Temporal's UI. */
const descriptions: Readonly<Record<TrainingUpdate, string>> = {
  resume: 'Waiting: go on from the newest verified checkpoint. No data needed.',
  retryFromCheckpoint: 'Waiting: go on from an older verified step. { "step": 100 }',
  changeConfig: `Waiting: change the attempts to come: ${changeableFields.join(', ')}. { "saveSteps": 50 }`,
  pause: 'The trainer saves and stops, and the run waits. No data needed.',
  saveNow: 'Running: write a checkpoint now. No data needed.',
  abort: 'The trainer saves and stops, and the run fails. { "reason": "…" }',
  declareLost: 'Of an attempt whose host is silent: nothing of it lives. { "epoch": 3, "reason": "…" }',
};

/** The updates that are taken now. */
export function acceptedUpdates(
  ports: Pick<OperatorPorts, 'state' | 'silent' | 'refused'>,
): TrainingUpdate[] {
  const state = ports.state();
  return (Object.keys(statesOfUpdate) as TrainingUpdate[]).filter(
    (update) =>
      statesOfUpdate[update].includes(state) &&
      !ports.refused().includes(update) &&
      (update !== 'declareLost' || ports.silent() !== undefined),
  );
}

export function createOperator(ports: OperatorPorts): Operator {
  let decision: Decision | undefined;
  let changing = 0;
  let pausing = false;
  let aborted: string | undefined;
  const lost = new Map<number, string>();

  const on = (
    update: TrainingUpdate,
    check: (fields: Fields) => void,
    act: (fields: Fields) => void | Promise<void>,
  ): void => {
    setHandler(
      defineUpdate<string, [unknown]>(trainingUpdates[update]),
      async (input) => {
        const said = readArgument(input);
        await act(said.fields);
        const entry = await ports.record(entryOf(update, said), currentUpdateInfo()?.id ?? '');
        ports.recorded(entry);
        return 'accepted';
      },
      {
        description: descriptions[update],
        validator: (input) => {
          requireState(ports, update);
          if (decision && update !== 'abort') refuse(`somebody decided already: ${decision.do}`);
          check(readArgument(input).fields);
        },
      },
    );
  };

  on(
    'resume',
    (fields) => only(fields, [], ''),
    () => {
      decision = { do: 'resume' };
    },
  );
  on(
    'retryFromCheckpoint',
    (fields) => void verifiedStep(fields, ports.checkpoints()),
    (fields) => {
      decision = { do: 'resume', fromStep: verifiedStep(fields, ports.checkpoints()) };
    },
  );
  on(
    'changeConfig',
    (fields) => void changeOf(fields, ports),
    async (fields) => {
      changing += 1;
      await ports.change(changeOf(fields, ports)).finally(() => (changing -= 1));
    },
  );
  on(
    'pause',
    (fields) => {
      only(fields, [], '');
      if (pausing) refuse('the run is being paused already');
    },
    () => {
      pausing = true;
      ports.interrupt();
    },
  );
  on(
    'saveNow',
    (fields) => only(fields, [], ''),
    () => ports.saveNow(),
  );
  on(
    'abort',
    (fields) => {
      only(fields, ['reason'], abortExample);
      reason(fields, abortExample);
    },
    (fields) => {
      aborted = reason(fields, abortExample);
      decision = { do: 'abort', reason: aborted };
      ports.interrupt();
    },
  );
  on(
    'declareLost',
    (fields) => {
      only(fields, ['epoch', 'reason'], lostExample);
      const silent = ports.silent();
      const epoch = wholeNumber(fields, 'epoch', 1, lostExample);
      if (epoch !== silent?.epoch) refuse(`the attempt whose host is silent is ${silent?.epoch ?? 'none'}`);
      reason(fields, lostExample);
    },
    async (fields) => {
      const epoch = wholeNumber(fields, 'epoch', 1, lostExample);
      await ports.declareLost(epoch);
      lost.set(epoch, reason(fields, lostExample));
      ports.interrupt();
    },
  );

  return {
    interruption: () => (aborted === undefined ? (pausing ? 'pause' : undefined) : 'abort'),
    abortReason: () => aborted,
    clearPause() {
      pausing = false;
    },
    lost: (epoch) => lost.get(epoch),
    async decide() {
      if (decision?.do !== 'abort') decision = undefined;
      await condition(() => decision !== undefined && changing === 0);
      const made = decision as unknown as Decision;
      decision = undefined;
      return made;
    },
  };
}

const abortExample = '{ "reason": "wrong dataset" }';
const lostExample = '{ "epoch": 3, "reason": "the machine was taken away" }';

function requireState(ports: OperatorPorts, update: TrainingUpdate): void {
  const accepted = acceptedUpdates(ports);
  if (accepted.includes(update)) return;
  const states = statesOfUpdate[update].join(' or ');
  const condition = update === 'declareLost' ? ' and whose host is silent' : '';
  refuse(
    `${update} is for runs that are ${states}${condition}; this one is ${ports.state()}, and takes ${accepted.join(', ') || 'no update'}`,
  );
}

function verifiedStep(fields: Fields, known: readonly number[]): number {
  const example = `{ "step": ${known.at(-1) ?? 100} }`;
  const list = `verified are: ${known.join(', ') || 'none'}`;
  only(fields, ['step'], example);
  const { step } = fields;
  if (typeof step !== 'number' || !Number.isSafeInteger(step) || step < 0)
    return refuse(`step: a whole number is expected, 0 for the start; example: ${example}; ${list}`);
  return step === 0 || known.includes(step)
    ? step
    : refuse(`no verified checkpoint at step ${step}; ${list}`);
}

function changeOf(fields: Fields, ports: OperatorPorts): ConfigChange {
  const change = readConfigChange(fields, { maxSteps: ports.maxSteps() });
  return typeof change === 'string' ? refuse(change) : change;
}

function entryOf(update: TrainingUpdate, { by, why, fields }: Said): Operation {
  const { reason: given, ...rest } = fields;
  const argument = Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
  return { update, atMs: Date.now(), by, why: why || (typeof given === 'string' ? given : ''), argument };
}
