/**
 * The host side of one running program, the same in both modes: known calls are answered from the journal, new ones go to
 * `onCall` (as many at once as the limits allow), and a limit that is hit ends the program with a named failure.
 */
import type {
  HostReply,
  Limits,
  ProgramFailureKind,
  ProgramOutcome,
} from '../../workflows/shared/program.ts';
import type { PendingCall, Session, SessionResources } from '../sandbox/sandbox.ts';
import type { Prices } from '../llm/endpoint.ts';
import { createAllowance, limitMessage } from './allowance.ts';
import { type CallUsage, type JournalEntry, noCallUsage } from './journal.ts';
import { createReplay } from './replay.ts';

/** A call that the journal does not answer. `entry.reply` is null; `recorded`: its row exists already (durable mode). */
export interface OpenCall {
  readonly entry: JournalEntry;
  readonly recorded: boolean;
  /** Lines of the program through which it was made, innermost first. */
  readonly site: readonly number[];
  /** `used`: what the reply cost, as recorded. */
  answer(reply: HostReply, used: CallUsage): void;
}

export interface ProgramEnd {
  readonly outcome: ProgramOutcome;
  readonly resources: SessionResources;
}

export interface ProgramHost {
  /** Settles when the program has ended; rejects when the sandbox broke. */
  readonly ended: Promise<ProgramEnd>;
  /** All threads of the program wait: for calls that were handed to `onCall` or that the limits hold back, or asleep. */
  readonly idle: boolean;
  /** With `idle`: beyond doubt. */
  readonly alone: boolean;
  readonly divergences: number;
  end(kind: ProgramFailureKind, message: string): void;
}

export interface ProgramHostOptions {
  readonly session: Session;
  readonly known: readonly JournalEntry[];
  readonly limits: Limits;
  /** Of the driver. */
  readonly prices: Prices;
  readonly onCall: (call: OpenCall) => void;
  /** Something changed that a waiting step may want to see. */
  readonly onChange?: () => void;
}

/** A program whose threads never all wait still gets its answer: after this time a held call goes out. */
const maxHoldMs = 1_000;
/** A thread that is due but has no core yet looks as if it waited. */
const restMs = 50;

/** The host counts the total time, which spans attempts and excuses an outage; the sandbox counts computing time. */
export function sandboxLimits(limits: Limits): Limits {
  return { ...limits, totalMs: 2 ** 31 - 1 };
}

/** The message of `totalLimit`. */
export function totalMessage({ totalMs }: Pick<Limits, 'totalMs'>): string {
  return `totalMs is ${totalMs}: all of it used, and the program has not ended`;
}

export function hostProgram(options: ProgramHostOptions): ProgramHost {
  const { session, limits } = options;
  const replay = createReplay(options.known);
  const held: PendingCall[] = [];
  const queued: QueuedCall[] = [];
  const allowance = createAllowance(limits, options.prices);
  let nextSeq = replay.nextSeq;
  let calls = 0;
  let codeRuns = 0;
  let open = 0;
  let idle = false;
  let alone = false;

  const answer = (id: number, reply: HostReply): void => {
    idle = false;
    session.answer(id, reply);
  };

  const answerKnown = (id: number, known: AnsweredEntry): void => {
    allowance.count(known);
    answer(id, known.reply);
  };

  function accept(pending: PendingCall): void {
    calls += 1;
    if (pending.call.method === 'executeCode' || pending.call.method === 'testCode') codeRuns += 1;
    if (calls > limits.maxCalls)
      return end('callLimit', limitMessage('maxCalls', limits.maxCalls, calls - 1, 1));
    if (codeRuns > limits.maxCodeRuns)
      return end('codeLimit', limitMessage('maxCodeRuns', limits.maxCodeRuns, codeRuns - 1, 1));
    const known = replay.take(pending);
    if (isAnswered(known)) return answerKnown(pending.id, known);
    if (known) return hand(pending, known, true);
    if (!replay.hasOther(pending)) return hand(pending, newEntry(pending), false);
    held.push(pending);
    setTimeout(release, maxHoldMs, pending).unref();
  }

  function newEntry({ lineage, hash, occurrence, call }: PendingCall): JournalEntry {
    replay.leave({ lineage, hash, occurrence });
    const seq = nextSeq;
    nextSeq += 1;
    return {
      lineage,
      hash,
      occurrence,
      seq,
      call,
      reply: null,
      ...noCallUsage,
      startedAtMs: Date.now(),
      endedAtMs: null,
    };
  }

  function hand(pending: PendingCall, entry: JournalEntry, recorded: boolean): void {
    let free: ((used: CallUsage) => void) | null = null;
    queued.push({
      entry,
      recorded,
      site: pending.site,
      start: () => (free = allowance.take(entry.call)),
      answer(reply, used) {
        if (!free) return;
        free(used);
        free = null;
        open -= 1;
        answer(pending.id, reply);
        next();
      },
    });
    next();
  }

  function next(): void {
    while (open < limits.maxConcurrentCalls) {
      const [call] = queued;
      if (!call) return;
      const verdict = allowance.check(call.entry.call);
      if (verdict === 'wait') return;
      if (verdict !== 'free') return end(verdict.kind, verdict.message);
      queued.shift();
      open += 1;
      call.start();
      options.onCall(call);
    }
  }

  /** Lets a held call go: nobody else has come for the row it was compared with, or nobody will in time. */
  function release(pending: PendingCall): void {
    const index = held.indexOf(pending);
    if (index === -1) return;
    held.splice(index, 1);
    hand(pending, newEntry(pending), false);
  }

  function settle(): void {
    for (const pending of held.splice(0)) {
      const other = replay.takeOther(pending);
      if (isAnswered(other)) answerKnown(pending.id, other);
      else hand(pending, newEntry(pending), false);
    }
  }

  function end(kind: ProgramFailureKind, message: string): void {
    session.kill({ status: 'failed', kind, message, stdout: '' });
  }

  async function pump(): Promise<ProgramEnd> {
    for await (const event of session.events) {
      if (event.type === 'end') return { outcome: event.outcome, resources: event.resources };
      if (event.type === 'call') accept(event.call);
      else {
        idle = event.idle;
        alone = event.alone ?? false;
        if (idle && held.length > 0) setTimeout(() => idle && settle(), restMs).unref();
      }
      options.onChange?.();
    }
    throw new Error('the sandbox closed a session without an outcome');
  }

  const ended = pump();
  // Whoever listens hears of a broken sandbox; a host that is given up is not an unhandled rejection.
  ended.catch(() => options.onChange?.());
  return {
    ended,
    get idle() {
      return idle;
    },
    get alone() {
      return alone;
    },
    get divergences() {
      return replay.divergences;
    },
    end,
  };
}

interface QueuedCall extends OpenCall {
  /** Sets aside what the call may use. */
  start(): void;
}

type AnsweredEntry = JournalEntry & { readonly reply: HostReply };

function isAnswered(entry: JournalEntry | null): entry is AnsweredEntry {
  return entry !== null && entry.reply !== null;
}
