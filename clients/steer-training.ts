/**
 * What an operator may do to a training run, as typed calls of its updates (workflows/training/contract.ts). A closed or unknown run
 * is `Input.NotFound`; what the run's state does not take, or an argument that is wrong, is `Input.Invalid` with what it takes.
 */
import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { failure } from '../activities/failure.ts';
import type { ConfigChange } from '../workflows/training/config-change.ts';
import { type TrainingUpdate, trainingUpdates } from '../workflows/training/contract.ts';

/** Kept with the operation, besides the client's own identity. */
export interface Operator {
  readonly by?: string | undefined;
  readonly why?: string | undefined;
}

export interface TrainingSteering {
  /** From the newest verified checkpoint. */
  resume(name: string, operator?: Operator): Promise<void>;
  /** From this verified step; newer checkpoints are set aside. */
  retryFromCheckpoint(name: string, step: number, operator?: Operator): Promise<void>;
  /** For the attempts to come. */
  changeConfig(name: string, change: ConfigChange, operator?: Operator): Promise<void>;
  /** The trainer saves and stops. */
  pause(name: string, operator?: Operator): Promise<void>;
  saveNow(name: string, operator?: Operator): Promise<void>;
  /** The trainer saves and stops, and the run fails. */
  abort(name: string, reason: string, operator?: Operator): Promise<void>;
  /** The operator's word that nothing of this attempt lives, where its host is silent. */
  declareLost(name: string, epoch: number, reason: string, operator?: Operator): Promise<void>;
}

export function createTrainingSteering(client: Client): TrainingSteering {
  const send = async (
    name: string,
    update: TrainingUpdate,
    { by, why }: Operator = {},
    fields: object = {},
  ): Promise<void> => {
    const workflowId = `training/${name}`;
    const said = { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
    try {
      const args: [unknown] = [{ ...fields, ...said }];
      await client.workflow.getHandle(workflowId).executeUpdate(trainingUpdates[update], { args });
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError)
        throw notBegun(workflowId, error) ?? error.cause ?? error;
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw failure('Input.NotFound', `${workflowId} does not run: see \`masgpt training list\``, {
        cause: error,
      });
    }
  };
  return {
    resume: (name, operator) => send(name, 'resume', operator),
    retryFromCheckpoint: (name, step, operator) => send(name, 'retryFromCheckpoint', operator, { step }),
    changeConfig: (name, change, operator) => send(name, 'changeConfig', operator, change),
    pause: (name, operator) => send(name, 'pause', operator),
    saveNow: (name, operator) => send(name, 'saveNow', operator),
    abort: (name, reason, operator) => send(name, 'abort', operator, { reason }),
    declareLost: (name, epoch, reason, operator) => send(name, 'declareLost', operator, { epoch, reason }),
  };
}

/** Until its input is checked, a run listens to nothing. */
function notBegun(workflowId: string, { cause }: WorkflowUpdateFailedError): Error | undefined {
  if (!cause?.message.startsWith('No registered handler')) return undefined;
  return failure('Input.Invalid', `${workflowId} has not begun yet: try again in a moment`, { cause });
}
