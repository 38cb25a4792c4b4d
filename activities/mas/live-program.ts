/**
 * Durable mode's program between two steps: it runs on in this process while its calls are activities elsewhere. Losing it
 * costs a replay and nothing else, since every call it made and every reply it got is in the journal.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { HostReply, Limits } from '../../workflows/shared/program.ts';
import type { Prices } from '../llm/endpoint.ts';
import type { Session } from '../sandbox/sandbox.ts';
import { failure } from '../failure.ts';
import type { Claim, Executions } from './executions.ts';
import type { Journal, JournalEntry, JournalReply } from './journal.ts';
import { hostProgram, type OpenCall, type ProgramEnd, totalMessage } from './program-host.ts';
import type { Cached } from './session-cache.ts';
import { endOf, totalsOf } from './run-claimed.ts';

export interface Progressed {
  /** Calls without an answer that the workflow has not been handed yet; their rows are committed. */
  readonly calls: readonly JournalEntry[];
  readonly state: 'waiting' | 'running' | 'ended';
}

export interface LiveProgram extends Cached {
  /**
   * Delivers what the journal has learnt, then lets the program run on for a moment. `onLate` is called, again and again until
   * the next step, when the program goes on by itself after a step that said `waiting`: a thread slept, or had no core.
   * `told`: a reply that the caller has just written to the journal.
   */
  step(handed: ReadonlySet<number>, onLate: () => void, told?: JournalReply): Promise<Progressed>;
  /** A call without a reply, its row committed; null for any other. */
  entryOf(seq: number): JournalEntry | null;
  /** Whether the program has the reply of this call. */
  has(seq: number): boolean;
  /** Lines of the program from which a call came that has no reply yet. */
  siteOf(seq: number): readonly number[];
  /** Ends the program: its total time is up. */
  expire(): void;
}

export interface LiveProgramOptions {
  readonly claim: Claim;
  readonly session: Session;
  readonly known: readonly JournalEntry[];
  readonly limits: Limits;
  readonly prices: Prices;
  readonly simulated: boolean;
  readonly journal: Journal;
  readonly executions: Executions;
}

/** After the first new call its siblings get this long to join the same step. */
const gatherMs = 200;
/** A thread that is due but has no core yet is given this long. */
const restMs = 10;
/** The workflow lets go of a call for a step that comes while one is under way. */
const callAgainMs = 2_000;
/** A longer local activity would blind the workflow to completions. */
const maxStepMs = 2_000;

/** What a small program takes: its process's private pages, and its socket and buffers here. */
const programBytes = 8 * 1024 ** 2;
/** A text is held by the program, often in longer ones made of it, and by its journal entry here. */
const copies = 4;

export function createLiveProgram(options: LiveProgramOptions): LiveProgram {
  const { claim, journal, executions, session } = options;
  const open = new Map<number, { readonly call: OpenCall; recorded: boolean }>();
  let ended: ProgramEnd | null = null;
  let broken: unknown = null;
  let settled = false;
  let closed = false;
  const replied = new Set(options.known.flatMap(({ seq, reply }) => (reply === null ? [] : [seq])));
  let calling: NodeJS.Timeout | undefined;
  let bytes = programBytes + options.known.reduce((sum, entry) => sum + bytesOf(entry, entry.reply), 0);
  let wake = (): void => {};
  /** Set between a step that said `waiting` and the next one, with the calls that the workflow has in hand. */
  let waiting: { readonly handed: ReadonlySet<number>; readonly onLate: () => void } | null = null;

  function changed(): void {
    wake();
    if (!waiting || !goesOn(waiting.handed)) return;
    const { onLate } = waiting;
    waiting = null;
    onLate();
    clearInterval(calling);
    calling = setInterval(onLate, callAgainMs).unref();
  }

  const host = hostProgram({
    session,
    known: options.known,
    limits: options.limits,
    prices: options.prices,
    onCall: (call) => void open.set(call.entry.seq, { call, recorded: call.recorded }),
    onChange: changed,
  });
  host.ended.then(
    (end) => {
      ended = end;
      changed();
    },
    (error: unknown) => {
      broken = error ?? new Error('the sandbox broke');
      changed();
    },
  );

  async function deliver(told?: JournalReply): Promise<void> {
    const isAll = told !== undefined && open.size === 1 && open.has(told.seq);
    for (const { seq, reply, usage } of isAll
      ? [told]
      : await journal.replies(claim.execution, [...open.keys()])) {
      const asked = open.get(seq);
      open.delete(seq);
      replied.add(seq);
      if (asked) bytes += bytesOf(asked.call.entry, reply);
      asked?.call.answer(reply, usage);
    }
  }

  const goesOn = (handed: ReadonlySet<number>): boolean =>
    ended !== null || broken !== null || unhanded(handed).length > 0;

  const unhanded = (handed: ReadonlySet<number>) =>
    [...open.values()].filter(({ call }) => !handed.has(call.entry.seq));

  /** An answer just given makes the program run again: its events on the way are seen first. */
  async function waits(): Promise<boolean> {
    if (host.idle && open.size > 0) await (host.alone ? nextTurn() : sleep(restMs));
    return host.idle && open.size > 0;
  }

  /** Until the program ended, or waits, or has made its first new calls, or the step has lasted long enough. */
  async function runOn(handed: ReadonlySet<number>): Promise<void> {
    let until = Date.now() + maxStepMs;
    let gathering = false;
    while (!ended && !broken && !(await waits())) {
      if (!gathering && unhanded(handed).length > 0) {
        gathering = true;
        until = Math.min(until, Date.now() + gatherMs);
      }
      const left = until - Date.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async function record(handed: ReadonlySet<number>): Promise<JournalEntry[]> {
    const calls = unhanded(handed);
    const fresh = calls.filter(({ recorded }) => !recorded);
    await Promise.all(fresh.map(({ call }) => journal.append(claim, call.entry)));
    for (const call of fresh) call.recorded = true;
    return calls.map(({ call }) => call.entry);
  }

  async function settle(end: ProgramEnd): Promise<void> {
    if (settled) return;
    const entries = (await journal.load(claim.execution)).filter(({ reply }) => reply !== null);
    const written = await executions.finish(claim, {
      ...endOf(end.outcome),
      ...totalsOf(entries),
      wallMs: Date.now() - claim.startedAtMs,
      divergences: host.divergences,
      simulated: options.simulated,
    });
    if (!written) throw failure('Fence.Stale', 'another worker runs this program by now');
    settled = true;
  }

  return {
    async step(handed, onLate, told) {
      waiting = null;
      clearInterval(calling);
      await deliver(told);
      await runOn(handed);
      if (closed) throw failure('Sandbox.Unavailable', 'the program was given up while it was stepped');
      if (broken) throw broken;
      if (ended) {
        await settle(ended);
        return { calls: [], state: 'ended' };
      }
      const isWaiting = host.idle && open.size > 0;
      const calls = await record(handed);
      const known = new Set([...handed, ...calls.map(({ seq }) => seq)]);
      if (!isWaiting || goesOn(known)) return { calls, state: 'running' };
      waiting = { handed: known, onLate };
      return { calls, state: 'waiting' };
    },
    expire: () => host.end('totalLimit', totalMessage(options.limits)),
    has: (seq) => replied.has(seq),
    entryOf(seq) {
      const asked = open.get(seq);
      return asked?.recorded ? asked.call.entry : null;
    },
    siteOf: (seq) => open.get(seq)?.call.site ?? [],
    get bytes() {
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearInterval(calling);
      await session[Symbol.asyncDispose]();
      if (!settled) await executions.release(claim).catch(() => {});
    },
  };
}

function bytesOf({ call }: JournalEntry, reply: HostReply | null): number {
  return copies * (JSON.stringify(call.args).length + JSON.stringify(reply).length);
}
