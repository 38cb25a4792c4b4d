/** Pauses, resumes and tunes the executions of a run while it goes on. A closed or unknown run is `Input.NotFound`. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { failure } from '../activities/failure.ts';
import { type MatrixControl, type Tune, updateNames } from '../workflows/matrix/contract.ts';

/** Each resolves when the batches in flight have been told, with how the matrix is driven from now on. */
export interface Steering {
  /** Begins no further execution; those under way end. Throws `Input.Invalid` when it is paused, or has nothing to hold back. */
  pause(name: string): Promise<MatrixControl>;
  /** Throws `Input.Invalid` when it is not paused. */
  resume(name: string): Promise<MatrixControl>;
  /** Batches in flight (1 to 64), executions at once in each (1 to 512). */
  tune(name: string, tune: Tune): Promise<MatrixControl>;
}

export function createSteering(client: Client, kind: 'dataset' | 'evaluation'): Steering {
  const update = async (
    name: string,
    ask: (handle: WorkflowHandle) => Promise<MatrixControl>,
  ): Promise<MatrixControl> => {
    const workflowId = `${kind}/${name}`;
    try {
      return await onceBegun(() => ask(client.workflow.getHandle(workflowId)));
    } catch (error) {
      if (isNotBegun(error))
        throw failure('Input.Invalid', `${workflowId} has not begun yet: try again`, { cause: error });
      if (error instanceof WorkflowUpdateFailedError) throw error.cause ?? error;
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw failure('Input.NotFound', `${workflowId} does not run: see \`masgpt runs list\``, {
        cause: error,
      });
    }
  };
  const { pause, resume, tune: tuning } = updateNames;
  return {
    pause: (name) => update(name, (handle) => handle.executeUpdate<MatrixControl, []>(pause)),
    resume: (name) => update(name, (handle) => handle.executeUpdate<MatrixControl, []>(resume)),
    tune: (name, tune) =>
      update(name, (handle) => handle.executeUpdate<MatrixControl, [Tune]>(tuning, { args: [tune] })),
  };
}

/** Until its input is checked, a run listens to nothing: that takes less than a second where a worker is free. */
async function onceBegun<T>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + beginsWithinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isNotBegun(error) || performance.now() > until) throw error;
      await sleep(200);
    }
  }
}

const beginsWithinMs = 15_000;

function isNotBegun(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause?.message.startsWith('No registered handler') === true
  );
}
