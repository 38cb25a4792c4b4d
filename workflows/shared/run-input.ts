/** The fields that every workflow's input shares. All have defaults, so that Temporal's start form can start each run. */
import { z } from 'zod';
import { nameSchema } from './names.ts';

export const runFields = {
  /** The run's name within its kind; made from the workflow id when absent. */
  name: nameSchema.optional(),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
  tenant: nameSchema.default('default'),
  /** KIND/NAME of the run whose budget pays too; a child workflow of a run has that one without being told. */
  parentRun: z
    .string()
    .regex(/^[a-z]{1,16}\/[a-z0-9][a-z0-9._-]{0,63}$/, 'a run: KIND/NAME')
    .optional(),
  /** Hard ceilings over all LLM calls of the run and of its child runs; reserved before a call, settled after it. */
  maxCostUsd: z.number().positive().optional(),
  maxTokens: z.number().int().positive().optional(),
};

export type RunKind = 'answer' | 'dataset' | 'verification' | 'training' | 'evaluation' | 'federated';

/** What `resolveInput` learns about the workflow that calls it; the owner of a name is (workflowId, firstRunId). */
export interface RunIdentity {
  readonly namespace: string;
  readonly kind: RunKind;
  readonly workflowId: string;
  readonly runId: string;
  readonly firstRunId: string;
  /** Ids of the workflows above this one, nearest first. */
  readonly above?: readonly string[];
}

/** The recorded outcome of `resolveInput`: it alone drives every later decision of the run. */
export interface ResolvedRun<T> {
  readonly name: string;
  /** `KIND/NAME`: the scope of the run's budget and the key of its row in `runs`. */
  readonly run: string;
  readonly tenant: string;
  readonly input: T;
  /** The rules by which its workflow decides: open runs of earlier releases go on by theirs. Absent: 1. */
  readonly rules?: number;
}

/**
 * 2: an answer steps on what a step recorded, the run is settled by a local activity, and `running` has no memo. 3: a matrix finds
 * what is done before it starts batches. 4: a dataset's queries are embedded before its matrix, its refinement can be steered, and a batch begun
 * once more waits for its former end. 5: people are told of a training whose watch was lost.
 */
export const presentRules = 5;
