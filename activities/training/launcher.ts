/** The launcher port: starts an attempt's shim, says whether it lives, ends it. Idempotent by the attempt's directory. */
import type { AttemptExit } from './classify.ts';
import type { SchedulerWord } from './classifying/scheduler-word.ts';
import type { AttemptLayout } from './layout.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Recipe } from './recipe.ts';

export interface AttemptSpec {
  /** `training/NAME`. */
  readonly run: string;
  readonly epoch: number;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Seconds between TERM and KILL. */
  readonly graceS: number;
  /** Several ranks on this host, by a launcher that is found beside the command's Python. */
  readonly distributed?: Recipe['distributed'] | undefined;
  /** UUIDs of the GPUs that the attempt has to itself; it does not start when one is taken. */
  readonly gpus?: readonly string[];
  /** What a scheduler is asked for; it says which ones they are. */
  readonly wantedGpus?: Recipe['gpus'] | undefined;
  /** Nodes that a scheduler is not to use. */
  readonly avoidNodes?: readonly string[];
}

/** How far the shim got away from the worker (shim/scope.py). */
export const scopeKinds = ['systemd', 'cgroup2', 'cgroup1', 'session'] as const;
export type ScopeKind = (typeof scopeKinds)[number];

export interface AttemptScope {
  /** `session`: the end of the worker's unit or control group ends the trainer, too. */
  readonly kind: ScopeKind;
  /** Directory of the trainer's control group. */
  readonly group: string | null;
  /** The container's end ends the trainer, whatever the kind. */
  readonly container: boolean;
}

export interface LaunchedAttempt extends ProcessIdentity {
  readonly trainerPid: number | null;
  readonly scope: AttemptScope;
}

export type AttemptStatus =
  | { readonly status: 'alive' }
  /** A scheduler holds it back: not begun yet, or suspended. No clock runs against it. */
  | { readonly status: 'queued'; readonly reason: string }
  | { readonly status: 'ended'; readonly exit: AttemptExit; readonly scheduler?: SchedulerWord }
  /** The shim is dead without a record; nothing of its tree is left. */
  | { readonly status: 'gone'; readonly scheduler?: SchedulerWord }
  /** Neither life nor death can be proved here: no action follows. */
  | { readonly status: 'unknown'; readonly why: string };

export interface Launcher {
  /**
   * Starts the attempt, or finds it started. Null: handed over to a scheduler; no process of this host's. Throws
   * `Training.LaunchFailed`, `Training.HostUnknown` where a scheduler does not answer; the same call may then be repeated.
   */
  launch(layout: AttemptLayout, spec: AttemptSpec): Promise<LaunchedAttempt | null>;
  observe(layout: AttemptLayout, run: string, epoch: number): Promise<AttemptStatus>;
  /** TERM, grace, KILL to the whole tree; resolves when it is proved dead, throws `Training.HostUnknown` otherwise. */
  stop(layout: AttemptLayout, run: string, epoch: number, graceS: number): Promise<void>;
}
