/** The launcher port: starts an attempt's shim, says whether it lives, ends it. Idempotent by the attempt's directory. */
import type { AttemptExit } from './classify.ts';
import type { AttemptLayout } from './layout.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface AttemptSpec {
  /** `training/NAME`. */
  readonly run: string;
  readonly epoch: number;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Seconds between TERM and KILL. */
  readonly graceS: number;
}

export interface LaunchedAttempt extends ProcessIdentity {
  readonly trainerPid: number | null;
}

export type AttemptStatus =
  | { readonly status: 'alive' }
  | { readonly status: 'ended'; readonly exit: AttemptExit }
  /** The shim is dead without a record; nothing of its tree is left. */
  | { readonly status: 'gone' };

export interface Launcher {
  /** Starts the attempt, or finds it started. Throws `Training.LaunchFailed`. */
  launch(layout: AttemptLayout, spec: AttemptSpec): Promise<LaunchedAttempt>;
  observe(layout: AttemptLayout, run: string, epoch: number): Promise<AttemptStatus>;
  /** TERM, grace, KILL to the whole tree; resolves when it is proved dead, throws `Training.HostUnknown` otherwise. */
  stop(layout: AttemptLayout, run: string, epoch: number, graceS: number): Promise<void>;
}
