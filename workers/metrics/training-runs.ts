/**
 * Metrics of training runs that no single process knows: how many are in each state, and the goodput of those that this process
 * watches, as the runs themselves tell it. Every worker's answer is the same: take `max`, never `sum`, over instances.
 */
import type { Client } from '@temporalio/client';
import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../../activities/storage/tables.ts';
import type { WatchedAttempt } from '../../activities/training/observer.ts';
import type { Progress } from '../../workflows/shared/progress.ts';
import { superviseTrainingType, trainingStates } from '../../workflows/training/contract.ts';

export interface TrainingRunsOptions {
  readonly client: Client;
  readonly database: Database;
  readonly namespace: string;
  readonly watched: () => readonly WatchedAttempt[];
}

/** A run asked more often says the same. */
const askEveryMs = 10_000;
const maxOpenRuns = 2_000;
const answerLimitMs = 3_000;

export function registerTrainingRuns(registry: Registry, options: TrainingRunsOptions): void {
  const registers = [registry];
  const counted = kept(() => countByState(options));
  const runs = new Gauge({
    name: 'masgpt_training_runs',
    help: 'Training runs by state; the same from every worker',
    ...{ labelNames: ['state'], registers },
    async collect() {
      const counts = await counted();
      runs.reset();
      if (counts) for (const state of trainingStates) runs.set({ state }, counts.get(state) ?? 0);
    },
  });
  const told = kept(() => goodputs(options));
  const goodput = new Gauge({
    name: 'masgpt_training_goodput_ratio',
    help: 'Share of the time since the run began, without waits for people, that went into steps which still count',
    ...{ labelNames: ['run'], registers },
    async collect() {
      const all = await told();
      goodput.reset();
      for (const [run, ratio] of all ?? []) goodput.set({ run }, ratio);
    },
  });
}

/** Asked at most every `askEveryMs`; undefined when it cannot be asked, so that nothing false is served. */
function kept<T>(ask: () => Promise<T>): () => Promise<T | undefined> {
  let asked: { readonly atMs: number; readonly answer: Promise<T | undefined> } | undefined;
  return () => {
    const nowMs = performance.now();
    if (!asked || nowMs - asked.atMs > askEveryMs)
      asked = { atMs: nowMs, answer: within(ask()).catch(() => undefined) };
    return asked.answer;
  };
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), answerLimitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function countByState(options: TrainingRunsOptions): Promise<Map<string, number>> {
  const { client, database, namespace } = options;
  const counts = new Map<string, number>();
  const ended = await database
    .selectFrom('runs')
    .select((row) => ['state', row.fn.countAll().as('count')])
    .where('namespace', '=', namespace)
    .where('kind', '=', 'training')
    .where('state', '!=', 'running')
    .groupBy('state')
    .execute();
  // A run that Temporal ended by force has failed for whoever counts.
  for (const { state, count } of ended) {
    const name = state === 'terminated' ? 'failed' : state;
    counts.set(name, (counts.get(name) ?? 0) + Number(count));
  }
  let open = 0;
  const query = `WorkflowType = "${superviseTrainingType}" and ExecutionStatus = "Running"`;
  for await (const { memo } of client.workflow.list({ query })) {
    const { state } = (memo ?? {}) as { readonly state?: unknown };
    const name = typeof state === 'string' ? state : 'pending';
    counts.set(name, (counts.get(name) ?? 0) + 1);
    open += 1;
    if (open >= maxOpenRuns) break;
  }
  return counts;
}

async function goodputs({ client, watched }: TrainingRunsOptions): Promise<Map<string, number>> {
  const all = await Promise.all(
    watched().map(async ({ run, workflowId }) => {
      const progress = await client.workflow
        .getHandle(workflowId)
        .query<Progress>('progress')
        .catch(() => undefined);
      return [run, progress?.training?.goodput] as const;
    }),
  );
  return new Map(all.flatMap(([run, ratio]) => (typeof ratio === 'number' ? [[run, ratio] as const] : [])));
}
