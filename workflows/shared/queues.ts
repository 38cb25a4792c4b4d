import type { Priority } from '@temporalio/common';

/** Task queues, named after the workflow's own queue, so that a prefix isolates a whole installation. */
export interface Queues {
  /** Workflows, their local activities and short storage activities. */
  readonly workflows: string;
  /** One LLM call per activity. */
  readonly llm: string;
  /** Bulk programs: batches of executions. */
  readonly cpu: string;
  readonly grade: string;
  /** One execution of code under test per activity (durable mode). */
  readonly code: string;
  /** Launching trainers. */
  readonly gpu: string;
  /** Watching, stopping and cleaning up a trainer: only its own host can. */
  readonly gpuHost: (host: string) => string;
}

export const queueRoles = ['workflows', 'llm', 'cpu', 'grade', 'code', 'gpu'] as const;
export type QueueRole = (typeof queueRoles)[number];

export function queuesOf(base: string): Queues {
  return {
    workflows: base,
    llm: `${base}-llm`,
    cpu: `${base}-cpu`,
    grade: `${base}-grade`,
    code: `${base}-code`,
    gpu: `${base}-gpu`,
    gpuHost: (host) => `${base}-gpu.${host}`,
  };
}

/** 1 is served first. */
export const priorities = { answer: 1, evaluation: 3, dataset: 5 } as const;

/**
 * Of what a run asks a queue for: runs of one priority take turns, however much each of them asks for at once. The server
 * needs `matching.enableFairness`; without it the queue is served in order of arrival.
 */
export function priorityOf(priorityKey: number, run: string): Priority {
  return { priorityKey, fairnessKey: fairnessKeyOf(run), fairnessWeight: 1 };
}

const maxFairnessKey = 64;

/** Temporal takes 64 bytes: of a long name, both ends. Two runs that share a key share its turns, which harms neither. */
function fairnessKeyOf(run: string): string {
  if (run.length <= maxFairnessKey) return run;
  return run.slice(0, maxFairnessKey / 2) + run.slice(-maxFairnessKey / 2);
}
