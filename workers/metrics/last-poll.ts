/**
 * The dead man's metric: when the workers of this process last asked the server for work, by queue, as the server itself saw it. A
 * worker that hangs, or is cut off from the server, stops counting although its endpoint answers; one that is gone is absent.
 */
import { Gauge, type Registry } from 'prom-client';

/** What is asked of Temporal's workflow service. */
export interface TaskQueues {
  describeTaskQueue(request: {
    readonly namespace: string;
    readonly taskQueue: { readonly name: string };
    readonly taskQueueType: number;
  }): Promise<{
    readonly pollers?:
      | readonly {
          readonly identity?: string | null;
          readonly lastAccessTime?: { readonly seconds?: unknown; readonly nanos?: number | null } | null;
        }[]
      | null;
  }>;
}

export interface LastPollOptions {
  readonly service: TaskQueues;
  readonly namespace: string;
  readonly queues: readonly string[];
  /** Of this process's workers. */
  readonly identity: string;
}

/** temporal.api.enums.v1.TaskQueueType: workflows, activities. */
const queueTypes = [1, 2] as const;

/** Asked at each scrape. What cannot be asked keeps its last value, and so grows old. */
export function registerLastPoll(registry: Registry, options: LastPollOptions): void {
  const { service, namespace, queues, identity } = options;
  const gauge = new Gauge({
    name: 'masgpt_worker_last_poll_timestamp_seconds',
    help: 'When this worker last asked the Temporal server for work, in seconds since 1970',
    labelNames: ['queue'],
    registers: [registry],
    async collect() {
      await Promise.all(
        queues.map(async (queue) => {
          const seconds = await lastPoll(queue).catch(() => undefined);
          if (seconds !== undefined) gauge.set({ queue }, seconds);
        }),
      );
    },
  });

  async function lastPoll(name: string): Promise<number | undefined> {
    const answers = await Promise.all(
      queueTypes.map((taskQueueType) =>
        service.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType }),
      ),
    );
    const times = answers
      .flatMap(({ pollers }) => pollers ?? [])
      .filter((poller) => poller.identity === identity)
      .map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) + (lastAccessTime?.nanos ?? 0) / 1e9);
    return times.length === 0 ? undefined : Math.max(...times);
  }
}
