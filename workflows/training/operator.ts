/** The operator's side of a training run: updates with validators, and what a parked run shows. */
import { ApplicationFailure, condition, defineUpdate, setHandler } from '@temporalio/workflow';
import { type TrainingState, trainingUpdates } from './contract.ts';

export type Decision =
  | { readonly do: 'resume'; readonly fromStep?: number }
  | { readonly do: 'abort'; readonly reason: string };

export interface Operator {
  /** Set while an attempt runs and somebody asked for a pause or an abort. */
  readonly interruption: () => 'pause' | 'abort' | undefined;
  /** Waits for a decision, for weeks if need be. */
  decide(): Promise<Decision>;
  /** The reason of an abort, once given. */
  readonly abortReason: () => string | undefined;
  clearPause(): void;
}

export interface OperatorPorts {
  state(): TrainingState;
  checkpoints(): readonly number[];
  /** Called by `pause` and `abort` while an attempt runs. */
  interrupt(): void;
  saveNow(): Promise<void>;
}

export function createOperator(ports: OperatorPorts): Operator {
  let decision: Decision | undefined;
  let pausing = false;
  let aborted: string | undefined;
  const waiting: readonly TrainingState[] = ['needsOperator', 'paused'];

  handle(
    trainingUpdates.resume,
    () => requireState(ports, waiting, 'resume'),
    () => {
      decision = { do: 'resume' };
    },
  );
  handle(
    trainingUpdates.retryFromCheckpoint,
    (input) => {
      requireState(ports, waiting, 'retryFromCheckpoint');
      const step = stepOf(input);
      const known = ports.checkpoints();
      if (!known.includes(step))
        refuse(`no verified checkpoint at step ${step}; there are: ${known.join(', ') || 'none'}`);
    },
    (input) => {
      decision = { do: 'resume', fromStep: stepOf(input) };
    },
  );
  handle(
    trainingUpdates.pause,
    () => requireState(ports, ['running'], 'pause'),
    () => {
      pausing = true;
      ports.interrupt();
    },
  );
  handle(
    trainingUpdates.saveNow,
    () => requireState(ports, ['running'], 'saveNow'),
    () => ports.saveNow(),
  );
  handle(
    trainingUpdates.abort,
    (input) => {
      requireState(ports, ['pending', 'launching', 'running', 'recovering', ...waiting], 'abort');
      reasonOf(input);
    },
    (input) => {
      aborted = reasonOf(input);
      decision = { do: 'abort', reason: aborted };
      ports.interrupt();
    },
  );

  return {
    interruption: () => (aborted === undefined ? (pausing ? 'pause' : undefined) : 'abort'),
    abortReason: () => aborted,
    clearPause: () => {
      pausing = false;
    },
    async decide() {
      if (decision?.do !== 'abort') decision = undefined;
      await condition(() => decision !== undefined);
      const made = decision as unknown as Decision;
      decision = undefined;
      return made;
    },
  };
}

function handle(
  name: string,
  validator: (input: unknown) => void,
  handler: (input: unknown) => void | Promise<void>,
): void {
  setHandler(
    defineUpdate<string, [unknown]>(name),
    async (input) => {
      await handler(input);
      return 'accepted';
    },
    { validator },
  );
}

function requireState(ports: OperatorPorts, allowed: readonly TrainingState[], update: string): void {
  const state = ports.state();
  if (!allowed.includes(state))
    refuse(`${update} is for runs that are ${allowed.join(' or ')}; this one is ${state}`);
}

/**
 * Arguments are read by hand: contracts are frozen when they are shared by workflows (workers/workflow-code.ts), and a zod
 * schema changes itself when it is first used.
 */
function stepOf(input: unknown): number {
  const step = onlyField(input, 'step');
  if (typeof step === 'number' && Number.isSafeInteger(step) && step > 0) return step;
  return refuse('the argument is not valid; example: { "step": 100 }');
}

function reasonOf(input: unknown): string {
  const reason = onlyField(input, 'reason');
  const text = typeof reason === 'string' ? reason.trim() : '';
  if (text !== '' && text.length <= maxReason) return text;
  return refuse('the argument is not valid; example: { "reason": "wrong dataset" }');
}

const maxReason = 500;

/** Undefined when there are other fields. */
function onlyField(input: unknown, name: string): unknown {
  if (typeof input !== 'object' || input === null || Object.keys(input).some((key) => key !== name))
    return undefined;
  return (input as Record<string, unknown>)[name];
}

function refuse(message: string): never {
  throw ApplicationFailure.create({ type: 'Input.Invalid', message, nonRetryable: true });
}

/** Markdown below the table of the run's details: what happened, what each choice would do, and the command for it. */
export function parkedDetails(parked: {
  readonly workflowId: string;
  readonly evidence: string;
  readonly checkpoints: readonly number[];
}): string {
  const newest = parked.checkpoints.at(-1);
  const from = newest === undefined ? 'from the start' : `from step ${newest}`;
  const update = (name: string, input: string) =>
    `temporal workflow update execute --workflow-id ${parked.workflowId} --name ${name} --input '${input}'`;
  const rows = [
    ['resume', `go on ${from}`, update('resume', '{}')],
    [
      'retryFromCheckpoint',
      `verified steps: ${parked.checkpoints.join(', ') || 'none'}`,
      update('retryFromCheckpoint', `{"step":${newest ?? 0}}`),
    ],
    ['abort', 'end the run as failed', update('abort', '{"reason":"…"}')],
  ];
  return [
    `Seen: ${parked.evidence}`,
    '',
    '| update | does | command |',
    '|---|---|---|',
    ...rows.map(([name, does, command]) => `| ${name} | ${does} | ${command} |`),
  ].join('\n');
}
