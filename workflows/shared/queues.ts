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
