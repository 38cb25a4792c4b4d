/** Kills the parts of a running stack (SIGKILL) when their moments come; the stack's own supervision starts them again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readStackFile } from '../../../clients/dev/stack-file.ts';
import { isAlive, type ProcessMark } from '../../../workers/host/process-mark.ts';
import type { PlannedKill, StackPart } from './plan-kills.ts';
import type { RequestWatch } from './watch-requests.ts';

export interface Kill extends PlannedKill {
  /** Milliseconds since 1970: just before it, and when the part was up again (Infinity: not within the run). */
  readonly beforeMs: number;
  readonly backMs: number;
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
  const done: Promise<Kill>[] = [];
  for (const { part, share } of planned) {
    while (requests.answeredCalls() < share * calls) {
      if (signal.aborted) return Promise.all(done);
      await sleep(lookEveryMs);
      await requests.read();
    }
    const mark = await living(home, part, signal);
    if (!mark) return Promise.all(done);
    const beforeMs = Date.now();
    process.kill(mark.pid, 'SIGKILL');
    const back = living(home, part, signal, mark.pid);
    done.push(back.then((again) => ({ part, share, beforeMs, backMs: again ? Date.now() : Infinity })));
    note(`kill ${done.length} of ${planned.length}: ${part}, ${requests.answeredCalls()} of ${calls} calls`);
  }
  return Promise.all(done);
}

async function living(
  home: string,
  part: StackPart,
  signal: AbortSignal,
  killedPid?: number,
): Promise<ProcessMark | undefined> {
  while (!signal.aborted) {
    const mark = (await readStackFile(home))?.children[part];
    if (mark && mark.pid !== killedPid && isAlive(mark)) return mark;
    await sleep(lookEveryMs);
  }
  return undefined;
}
