/**
 * One running program: its frames become events, answers go back, limits end it with a named failure. What the program can
 * forge is its own answer and its own calls; anything outside the protocol ends it with `protocol`.
 */
import { hostCallSchema, type ProgramOutcome } from '../../workflows/shared/program.ts';
import { failure } from '../failure.ts';
import type { Child, ChildExit } from './child.ts';
import { createEventQueue } from './event-queue.ts';
import { exitOutcome, wasKilled } from './exit-outcome.ts';
import { callHash, parseFrame, type ProgramFrame, programFrameSchema } from './frames.ts';
import { startProgramClock } from './program-clock.ts';
import type { ProgramStart, Session, SessionEvent } from './sandbox.ts';

type Failed = Extract<ProgramOutcome, { status: 'failed' }>;

/** Calls that an honest program can have open at once: one per thread, and threads are limited to 64. */
const maxOpenCalls = 128;
/** How long a process may live on after its result. */
const afterResultMs = 250;

export interface SessionHooks {
  /** The program has made its first call or has ended: it no longer counts as starting. */
  readonly onStarted: () => void;
  /** Its process is gone. */
  readonly onEnded: () => void;
}

export function openSession(
  child: Child,
  start: ProgramStart & { readonly absent?: string | undefined },
  hooks: SessionHooks,
): Session {
  const cpuS = Math.max(10, Math.ceil(start.limits.computeMs / 3_000));
  const events = createEventQueue<SessionEvent>();
  const open = new Set<number>();
  const used = new Set<number>();
  const occurrences = new Map<string, number>();
  let outcome: ProgramOutcome | null = null;
  let idle = false;
  let idleFrames = 0;
  let answered = 0;
  let lingering: NodeJS.Timeout | undefined;

  const clock = startProgramClock(start.limits, (kind, message) => fail(kind, message));

  function settle(next: ProgramOutcome): void {
    if (outcome !== null) return;
    outcome = next;
    clock.stop();
    hooks.onStarted();
  }

  function fail(kind: Failed['kind'], message: string): void {
    settle({ status: 'failed', kind, message, stdout: '' });
    child.kill();
  }

  function setIdle(next: boolean, alone = false): void {
    if (idle === next) return;
    idle = next;
    events.push({ type: 'idle', idle, alone });
  }

  function receive(frame: ProgramFrame): void {
    switch (frame.t) {
      case 'call':
        return receiveCall(frame);
      case 'idle':
        idleFrames += 1;
        // An honest guest sends one per call and per answer at most; each costs the worker a little.
        if (idleFrames > 16 + 2 * (used.size + answered))
          return fail('protocol', 'the program sent idle frames without end');
        if (open.size > 0 && frame.answered === answered) setIdle(true);
        return;
      case 'done':
        settle({ status: 'answered', answer: frame.answer, stdout: frame.stdout });
        break;
      case 'failed':
        settle({ status: 'failed', kind: frame.kind, message: frame.message, stdout: frame.stdout });
        break;
    }
    lingering = setTimeout(() => child.kill(), afterResultMs).unref();
  }

  function receiveCall(frame: Extract<ProgramFrame, { t: 'call' }>): void {
    if (used.has(frame.id)) return fail('protocol', 'the program sent a call with a number already used');
    used.add(frame.id);
    if (open.size >= maxOpenCalls)
      return fail('protocol', `the program made more than ${maxOpenCalls} calls at once`);
    const call = hostCallSchema.safeParse({ method: frame.method, args: frame.args });
    if (!call.success) {
      const [issue] = call.error.issues;
      return fail(
        'badCall',
        `the host refuses this call: ${issue?.path.join('.') || 'method'}: ${issue?.message}`,
      );
    }
    hooks.onStarted();
    if (open.size === 0) clock.pause();
    open.add(frame.id);
    const hash = callHash(call.data.method, call.data.args);
    const key = `${frame.lineage} ${hash}`;
    const occurrence = occurrences.get(key) ?? 0;
    occurrences.set(key, occurrence + 1);
    setIdle(false);
    events.push({
      type: 'call',
      call: { id: frame.id, lineage: frame.lineage, hash, occurrence, site: frame.site, call: call.data },
    });
    if (frame.alone) setIdle(true, true);
  }

  child.listen({
    line(line) {
      if (outcome !== null) return;
      const frame = parseFrame(line, programFrameSchema);
      if (frame === null) fail('protocol', 'the program wrote to the control socket');
      else receive(frame);
    },
    overflow: () => fail('protocol', 'the program sent a line of more than 8 MiB'),
    ended(exit: ChildExit) {
      clearTimeout(lingering);
      const { cpuMs, peakBytes } = exit;
      const killed = outcome === null && wasKilled(exit, cpuS);
      settle(exitOutcome(exit, cpuS));
      hooks.onEnded();
      if (outcome !== null) events.push({ type: 'end', outcome, resources: { cpuMs, peakBytes, killed } });
      events.close();
    },
    broke() {
      clock.stop();
      hooks.onStarted();
      hooks.onEnded();
      events.close(
        failure(
          'Sandbox.Unavailable',
          'the sandbox ended while a program ran in it; the program can be run again',
        ),
      );
    },
  });
  const { source, query, seed, startedAtMs, models, absent } = start;
  child.send({ mode: 'program', source, query, seed, startedAtMs, models, absent, cpuS });

  return {
    events,
    answer(id, reply) {
      if (outcome !== null || !open.delete(id)) return;
      answered += 1;
      setIdle(false);
      if (open.size === 0) clock.resume();
      child.send({ id, ...reply });
    },
    kill(next) {
      settle(next);
      child.kill();
    },
    async [Symbol.asyncDispose]() {
      settle({ status: 'failed', kind: 'exited', message: 'the caller no longer listens', stdout: '' });
      child.kill();
    },
  };
}
