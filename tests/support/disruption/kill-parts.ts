/** Kills the parts of a running stack (SIGKILL) when their moments come; the stack's own supervision starts them again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readStackFile } from '../../../clients/dev/stack-file.ts';
import { isAlive, type ProcessMark } from '../../../workers/host/process-mark.ts';
import type { PlannedKill, StackPart } from './plan-kills.ts';
import type { RequestWatch } from './watch-requests.ts';

export interface Kill extends PlannedKill {
  /** Milliseconds since 1970, just before and just after. */
  readonly beforeMs: number;
  readonly afterMs: number;
}

export interface KillOptions {
  readonly home: string;
  readonly planned: readonly PlannedKill[];
  /** Distinct calls of the whole run. */
  readonly calls: number;
  readonly requests: RequestWatch;
  /** Ends it before its kills are done. */
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}

const lookEveryMs = 25;

/** A part that is not up again when its next kill comes is waited for. */
export async function killParts(options: KillOptions): Promise<Kill[]> {
  const { home, planned, calls, requests, signal, note } = options;
  const done: Kill[] = [];
  for (const { part, share } of planned) {
    while (requests.answeredCalls() < share * calls) {
      if (signal.aborted) return done;
      await sleep(lookEveryMs);
      await requests.read();
    }
    const mark = await living(home, part, signal);
    if (!mark) return done;
    const beforeMs = Date.now();
    process.kill(mark.pid, 'SIGKILL');
    done.push({ part, share, beforeMs, afterMs: Date.now() });
    note(`kill ${done.length} of ${planned.length}: ${part}, ${requests.answeredCalls()} of ${calls} calls`);
  }
  return done;
}

async function living(home: string, part: StackPart, signal: AbortSignal): Promise<ProcessMark | undefined> {
  while (!signal.aborted) {
    const mark = (await readStackFile(home))?.children[part];
    if (mark && isAlive(mark)) return mark;
    await sleep(lookEveryMs);
  }
  return undefined;
}
