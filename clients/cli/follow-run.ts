/** Shows a run's progress until it ends. A run whose worker is not there yet shows nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunHandle } from '../client.ts';
import type { CommandContext } from './command.ts';

const pollMs = 500;

export async function followRun<Result>(
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
  handle: RunHandle<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const following = (async () => {
    while (!ended.signal.aborted && !signal.aborted) {
      const progress = await handle.progress().catch(() => undefined);
      if (progress && !ended.signal.aborted) output.progress(handle.workflowId, progress);
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => {});
    }
  })();
  return await handle.result().finally(async () => {
    ended.abort();
    await following;
    output.end();
  });
}
