/** Kills parts of the stack (SIGKILL) while runs go on; the stack's own supervision starts them again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosStack } from './chaos-stack.ts';
import type { Struck } from './run.ts';

const parts = ['worker', 'worker', 'worker', 'temporal', 'postgres'] as const;

/** One every so often, until the signal; a part that is not up is left out. */
export async function killParts(
  stack: ChaosStack,
  { everyMs, random, signal }: { everyMs: number; random: () => number; signal: AbortSignal },
  onStrike: (struck: Struck) => void,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(everyMs * (0.5 + random()), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const part = parts[Math.floor(random() * parts.length)] ?? 'worker';
    const pid = await stack.pidOf(part);
    if (pid === undefined) continue;
    try {
      process.kill(pid, 'SIGKILL');
      onStrike({ fault: `${part}Killed`, atMs: Date.now() });
    } catch {
      // It is just being started again.
    }
  }
}
