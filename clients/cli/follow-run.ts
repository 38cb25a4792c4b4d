/** Says that a run began, and shows its progress until it ends. A run whose worker is not there yet shows nothing. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../workflows/shared/progress.ts';
import type { RunHandle } from '../client.ts';
import type { CommandContext } from './command.ts';

export interface FollowOptions {
  /** Default: the progress line. */
  readonly show?: (progress: Progress) => Promise<void> | void;
  /** An error ends the following, while the run goes on: it waits for a person. */
  readonly leave?: (progress: Progress) => Error | undefined;
  readonly pollMs?: number;
}

export async function followRun<Result>(
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
  handle: RunHandle<Result>,
  options: FollowOptions = {},
): Promise<Result> {
  const { show = (progress) => output.progress(handle.workflowId, progress), leave, pollMs = 500 } = options;
  output.note(`${handle.attached ? 'attached to' : 'started'} ${handle.workflowId}`);
  const ended = new AbortController();
  let left = (_reason: Error): void => {};
  const leaving = new Promise<never>((_, reject) => (left = reject));
  const look = async (): Promise<void> => {
    const progress = await handle.progress().catch(() => undefined);
    if (!progress) return;
    await show(progress);
    const reason = leave?.(progress);
    if (reason) left(reason);
  };
  const following = (async () => {
    while (!ended.signal.aborted && !signal.aborted) {
      await look();
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => {});
    }
  })();
  // Who leaves calls the waiting off: the SDK would try it again on the closed connection, and crash. It adds a listener per poll.
  setMaxListeners(0, ended.signal);
  return await Promise.race([handle.result(ended.signal), leaving]).finally(async () => {
    ended.abort();
    await following;
    if (!signal.aborted) await look();
    output.end();
  });
}
