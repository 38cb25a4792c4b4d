/**
 * Another process that makes calls: `{ url, baseUrl, draws, limits, … }` (`ChildTask`) as its one argument. It says "ready",
 * starts on any message, and answers with one `{ done, failures }`.
 */
import { openDatabase } from '../../activities/storage/database.ts';
import { isFailure } from '../../activities/failure.ts';
import type { Call } from '../../activities/llm/chat.ts';
import type { Endpoint } from '../../activities/llm/endpoint.ts';
import { ask, endpointOf, serviceOn } from './calls.ts';

export interface ChildTask {
  readonly url: string;
  readonly baseUrl: string;
  readonly draws: readonly number[];
  readonly limits: Endpoint['limits'];
  readonly leaseMs?: number;
  readonly agingMs?: number;
  /** What the calls have that differs from `callOf`. */
  readonly given?: Partial<Call>;
}

export interface ChildReport {
  readonly done: number;
  readonly failures: readonly string[];
}

const task = JSON.parse(process.argv[2] ?? '') as ChildTask;
const database = openDatabase(task.url);
const service = serviceOn(database, endpointOf(task.baseUrl, { limits: task.limits }), task);

process.once('message', () => {
  void Promise.allSettled(task.draws.map((draw) => ask(service, draw, 'block', task.given))).then(
    async (ends) => {
      const failures = ends
        .filter((end) => end.status === 'rejected')
        .map(({ reason }) => (isFailure(reason) ? (reason.type ?? '') : String(reason)));
      process.send?.({ done: ends.length - failures.length, failures } satisfies ChildReport);
      await service[Symbol.asyncDispose]();
      await database.destroy();
      process.disconnect();
    },
  );
});
process.send?.('ready');
