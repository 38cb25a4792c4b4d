/** The sandbox port: opens confined processes. One `Session` runs one MAS program; `runCode` runs code under test without any host call. */
import type { HostCall, HostReply, Limits, ProgramOutcome } from '../../workflows/shared/program.ts';
import type { ProgramReading } from './program-graph.ts';

export type SandboxLevel = 'namespaces' | 'shared' | 'confined';

export interface ProgramStart {
  /** Python source, at most 1 MiB. */
  readonly source: string;
  readonly query: string;
  /** Hex; seeds every source of randomness in the guest, per lineage. */
  readonly seed: string;
  /** Milliseconds since the epoch at which `time.time` starts in the guest. */
  readonly startedAtMs: number;
  /** Opaque names; no address or key enters the guest. */
  readonly models: readonly string[];
  readonly limits: Limits;
  /** The guest to go on with, by its hash; this release's when absent, or when that one cannot be had here. */
  readonly guest?: string;
}

/** A call that waits for its answer. `occurrence` counts equal calls within one lineage, from 0. */
export interface PendingCall {
  readonly id: number;
  readonly lineage: string;
  /** sha256 of method and canonical arguments. */
  readonly hash: string;
  readonly occurrence: number;
  /** Lines of the program through which it was made, innermost first; as the guest says, for display only. */
  readonly site: readonly number[];
  readonly call: HostCall;
}

export type SessionEvent =
  | { readonly type: 'call'; readonly call: PendingCall }
  /**
   * All threads of the guest wait for answers (`idle` true) or compute again (false). `alone`: known, since the program has
   * one thread; else judged from the process being at rest, which a sleeping or starved thread is, too.
   */
  | { readonly type: 'idle'; readonly idle: boolean; readonly alone?: boolean }
  | { readonly type: 'end'; readonly outcome: ProgramOutcome; readonly resources: SessionResources };

export interface SessionResources {
  readonly cpuMs: number;
  readonly peakBytes: number;
  /** By a signal 9 that neither the host nor a limit sent: its own, or the kernel's, which is short of memory. */
  readonly killed: boolean;
}

export interface Session {
  /** Each event once, in order; ends after `end`. Rejects with `Sandbox.Unavailable` when the sandbox itself broke. */
  readonly events: AsyncIterable<SessionEvent>;
  answer(id: number, reply: HostReply): void;
  /** Kills the process and all it started; `events` ends with the outcome given. Idempotent. */
  kill(outcome: Extract<ProgramOutcome, { status: 'failed' }>): void;
  /** Kills without an outcome: the caller no longer listens. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What `Sandbox.open` gives. */
export interface ProgramSession extends Session {
  /** The guest that the program runs with. */
  readonly guest: string;
}

export interface CodeStart {
  readonly code: string;
  /** Statements run one by one in one namespace, in a process that the code never enters; none for `execute_code`. */
  readonly tests: readonly string[];
  /** Run before the tests, where they run: helpers of theirs that are not the code's. */
  readonly prelude?: string;
  /** The function under test, when that is known: whatever else the tests name then has its usual meaning. */
  readonly entryPoint?: string;
  readonly timeoutMs: number;
}

export interface CodeOutcome {
  readonly status: 'done' | 'raised' | 'timeout' | 'killed';
  /** The text `execute_code` returns (mas-runtime.md section 2). */
  readonly text: string;
  /** What the code printed, at most 64 KiB, also when it was killed. */
  readonly stdout: string;
  /** One per test, in order. */
  readonly tests: readonly TestVerdict[];
}

export interface TestVerdict {
  readonly status: 'pass' | 'fail' | 'error';
  readonly message: string;
  /** The code under test had a say in it: the verdict can be forged by code made for that. */
  readonly inProcess: boolean;
}

/** A program's form, read without running it: what generation and refinement ask before they keep a program. */
export type ProgramCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: 'syntax' | 'shape'; readonly message: string };

export interface Sandbox {
  readonly level: SandboxLevel;
  /** Hash of guest library, interpreter and seeding: the address of its manifest (guest-manifest.ts). */
  readonly guest: string;
  open(start: ProgramStart, signal: AbortSignal): Promise<ProgramSession>;
  runCode(start: CodeStart, signal: AbortSignal): Promise<CodeOutcome>;
  check(source: string): Promise<ProgramCheck>;
  /** Findings and graph of a program, without running it. */
  read(source: string): Promise<ProgramReading>;
  [Symbol.asyncDispose](): Promise<void>;
}
