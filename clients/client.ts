/**
 * The typed client: `createMasClient(connection)` starts, finds, watches and cancels runs of each kind. A run is known by its
 * name (workflow id KIND/NAME). Starting a name that runs with the same input attaches; once it has ended, it resumes.
 */
import {
  Client,
  type ConnectionLike,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, type DataConverter } from '@temporalio/common';
import { failure } from '../activities/failure.ts';
import { canonicalHash } from '../activities/storage/canonical-json.ts';
import { type AnswerRequest, type AnswerResult, answerQueryType } from '../workflows/answer/contract.ts';
import { buildDatasetType, type DatasetRequest, type DatasetResult } from '../workflows/dataset/contract.ts';
import {
  evaluateBenchmarksType,
  type EvaluationRequest,
  type EvaluationResult,
} from '../workflows/evaluation/contract.ts';
import { addBatchesInFlight } from './batches-in-flight.ts';
import { createSteering, type Steering } from './steer-run.ts';
import { createTrainingSteering, type TrainingSteering } from './steer-training.ts';
import type { Progress } from '../workflows/shared/progress.ts';
import { namePattern } from '../workflows/shared/names.ts';
import { priorities, priorityOf } from '../workflows/shared/queues.ts';
import type { RunKind } from '../workflows/shared/run-input.ts';
import {
  verifyDatasetType,
  type VerifyRequest,
  type VerifyResult,
} from '../workflows/dataset/verify-contract.ts';
import {
  superviseTrainingType,
  type TrainingRequest,
  type TrainingResult,
} from '../workflows/training/contract.ts';

export interface MasClientOptions {
  /** Q of the workers; default `masgpt`. */
  readonly taskQueue?: string;
  /** Only with a connection; default `default`. */
  readonly namespace?: string;
  /** Only with a connection; needed where workers use one. */
  readonly dataConverter?: DataConverter;
}

export interface RunHandle<Result> {
  readonly name: string;
  readonly workflowId: string;
  /** True when `start` found it running. */
  readonly attached: boolean;
  /** Throws `Input.NotFound` for an unknown name, Temporal's own error while no worker runs. */
  progress(): Promise<Progress>;
  /** Waits for the end, or for the signal. Throws the failure that ended the run, with its `type`. */
  result(signal?: AbortSignal): Promise<Result>;
  /** Asks the run to stop; what it has finished stays stored. */
  cancel(): Promise<void>;
}

export interface Runs<Request, Result> {
  /** `name` defaults to 12 hex digits of the input's hash. Throws `Run.NameTaken` when it runs with another input. */
  start(input: Request, options?: { readonly name?: string }): Promise<RunHandle<Result>>;
  attach(name: string): RunHandle<Result>;
  progress(name: string): Promise<Progress>;
  result(name: string): Promise<Result>;
  cancel(name: string): Promise<void>;
}

export interface MasClient {
  readonly answer: Runs<AnswerRequest, AnswerResult>;
  readonly dataset: Runs<DatasetRequest, DatasetResult> & Steering;
  readonly verification: Runs<VerifyRequest, VerifyResult>;
  readonly training: Runs<TrainingRequest, TrainingResult> & TrainingSteering;
  readonly evaluation: Runs<EvaluationRequest, EvaluationResult> & Steering;
}

export function createMasClient(on: ConnectionLike | Client, options: MasClientOptions = {}): MasClient {
  const { taskQueue = 'masgpt', namespace, dataConverter } = options;
  const client =
    'workflow' in on
      ? on
      : new Client({
          connection: on,
          ...(namespace === undefined ? {} : { namespace }),
          ...(dataConverter === undefined ? {} : { dataConverter }),
        });
  const runs = <Request, Result>(kind: RunKind, type: string, priorityKey: number): Runs<Request, Result> =>
    createRuns({ client, taskQueue, kind, type, priorityKey });
  return {
    answer: runs('answer', answerQueryType, priorities.answer),
    dataset: {
      ...runs<DatasetRequest, DatasetResult>('dataset', buildDatasetType, priorities.dataset),
      ...createSteering(client, 'dataset'),
    },
    verification: runs('verification', verifyDatasetType, priorities.dataset),
    training: {
      ...runs<TrainingRequest, TrainingResult>('training', superviseTrainingType, priorities.dataset),
      ...createTrainingSteering(client),
    },
    evaluation: {
      ...runs<EvaluationRequest, EvaluationResult>(
        'evaluation',
        evaluateBenchmarksType,
        priorities.evaluation,
      ),
      ...createSteering(client, 'evaluation'),
    },
  };
}

interface KindOptions {
  readonly client: Client;
  readonly taskQueue: string;
  readonly kind: RunKind;
  readonly type: string;
  readonly priorityKey: number;
}

function createRuns<Request, Result>(options: KindOptions): Runs<Request, Result> {
  const attach = (name: string, attached = true): RunHandle<Result> => handleOf(options, name, attached);
  return {
    async start(input, { name = nameFromInput(input) } = {}) {
      if (!namePattern.test(name)) {
        throw failure(
          'Input.Invalid',
          `name: ${JSON.stringify(name)} is no name: a-z, 0-9, ".", "_", "-", at most 64 characters`,
        );
      }
      const attached = await startOrFind(options, input, name);
      return attach(name, attached);
    },
    attach: (name) => attach(name),
    progress: (name) => attach(name).progress(),
    result: (name) => attach(name).result(),
    cancel: (name) => attach(name).cancel(),
  };
}

function nameFromInput(input: unknown): string {
  const { name } = input as { name?: unknown };
  return typeof name === 'string' ? name : canonicalHash(input).slice(0, 12);
}

/** True when a run of this name was open already, with this very input. */
async function startOrFind(
  { client, taskQueue, kind, type, priorityKey }: KindOptions,
  input: unknown,
  name: string,
): Promise<boolean> {
  const workflowId = `${kind}/${name}`;
  const inputHash = canonicalHash(input);
  try {
    const start = {
      workflowId,
      taskQueue,
      args: [input],
      memo: { inputHash },
      priority: priorityOf(priorityKey, workflowId),
    };
    await client.workflow.start(type, start);
    return false;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { memo } = await client.workflow.getHandle(workflowId).describe();
    if (memo?.['inputHash'] === inputHash) return true;
    throw failure(
      'Run.NameTaken',
      `${workflowId} is running with another input: choose another name, or attach to it`,
      { cause: error },
    );
  }
}

function handleOf<Result>({ client, kind }: KindOptions, name: string, attached: boolean): RunHandle<Result> {
  const workflowId = `${kind}/${name}`;
  const handle = client.workflow.getHandle(workflowId);
  const known = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw failure('Input.NotFound', `there is no run ${workflowId} in Temporal: see \`masgpt runs list\``, {
        cause: error,
      });
    });
  return {
    name,
    workflowId,
    attached,
    progress: async () => addBatchesInFlight(client, await known(handle.query<Progress>('progress'))),
    result: (signal) => {
      const result = (): Promise<Result> => handle.result() as Promise<Result>;
      const asked = signal ? client.connection.withAbortSignal(signal, result) : result();
      return known(asked).catch((error: unknown) => {
        throw rootOf(error);
      });
    },
    cancel: async () => void (await known(handle.cancel())),
  };
}

/** What ended the run, below the layers that report it. */
function rootOf(error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  let root: unknown = error.cause;
  while (root instanceof Error && !isRoot(root) && root.cause instanceof Error) root = root.cause;
  return root ?? error;
}

function isRoot(error: Error): boolean {
  return error instanceof ApplicationFailure || error instanceof CancelledFailure;
}
