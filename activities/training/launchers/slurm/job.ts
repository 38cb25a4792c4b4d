/** What Slurm says of a job: `scontrol show job` while the controller remembers it, else `sacct`. Pure but for the commands. */
import type { SchedulerWord } from '../../classifying/scheduler-word.ts';
import type { SlurmCommands } from './commands.ts';

export interface SlurmJob {
  readonly state: string;
  readonly reason: string;
  readonly restarts: number;
  /** Another job took, or is about to take, its place. */
  readonly isPreempted: boolean;
  /** When its time is over, in seconds since 1970; null = no limit, or not begun. */
  readonly limitAtS: number | null;
  /** `CODE:SIGNAL`. */
  readonly exitCode: string;
}

export type Asked =
  | { readonly kind: 'job'; readonly job: SlurmJob }
  /** The controller has forgotten it, or never knew it. */
  | { readonly kind: 'forgotten'; readonly word: SchedulerWord | null }
  | { readonly kind: 'away'; readonly why: string };

export async function askForJob(commands: SlurmCommands, id: string): Promise<Asked> {
  const told = await commands.run('scontrol', ['--oneliner', 'show', 'job', id]);
  switch (told.kind) {
    case 'away':
      return { kind: 'away', why: told.message };
    case 'done':
      return { kind: 'job', job: parseJob(told.stdout) };
    case 'refused':
      if (!/Invalid job id/i.test(told.message)) return { kind: 'away', why: told.message };
      return { kind: 'forgotten', word: await accounted(commands, id) };
  }
}

/** The first of each key counts: what jobs may name themselves (paths, commands) comes after these. */
export function parseJob(line: string): SlurmJob {
  const valueOf = (key: string): string => new RegExp(`(?:^|\\s)${key}=(\\S*)`).exec(line)?.[1] ?? '';
  const startS = secondsOf(valueOf('StartTime'));
  const limitS = durationOf(valueOf('TimeLimit'));
  return {
    state: valueOf('JobState'),
    reason: valueOf('Reason'),
    restarts: Number(valueOf('Restarts')) || 0,
    isPreempted: !['', 'None', 'N/A'].includes(valueOf('PreemptTime')),
    limitAtS: startS === null || limitS === null ? null : startS + limitS,
    exitCode: valueOf('ExitCode'),
  };
}

/** By its own words, without plus signs and lists: `CANCELLED by 1000` is one state. */
async function accounted(commands: SlurmCommands, id: string): Promise<SchedulerWord | null> {
  const fields = '--format=State,ExitCode';
  const told = await commands.run('sacct', ['-j', id, '-X', '--noheader', '--parsable2', fields]);
  // Without an accounting store it is refused.
  if (told.kind !== 'done') return null;
  const [state = '', exitCode = ''] = told.stdout.trim().split('\n').at(-1)?.split('|') ?? [];
  return state === '' || isGoingOn(state) ? null : { state, reason: `exit ${exitCode}` };
}

const waiting = new Set([
  'PENDING',
  'CONFIGURING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'SPECIAL_EXIT',
  'RESV_DEL_HOLD',
]);
const heldBack = new Set(['SUSPENDED', 'STOPPED']);
const going = new Set(['RUNNING', 'COMPLETING', 'SIGNALING', 'STAGE_OUT', 'RESIZING']);

/** slurm.schedmd.com/job_state_codes.html */
export function standingOf(state: string): 'waiting' | 'heldBack' | 'going' | 'ended' {
  if (waiting.has(state)) return 'waiting';
  if (heldBack.has(state)) return 'heldBack';
  return going.has(state) ? 'going' : 'ended';
}

function isGoingOn(state: string): boolean {
  return standingOf(state) !== 'ended';
}

/** Whether a node answers the controller, and since when it is up; null when the controller does not say. */
export async function askForNode(
  commands: SlurmCommands,
  name: string,
): Promise<{ readonly answers: boolean; readonly bootedAtS: number | null } | null> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(name)) return null;
  const told = await commands.run('scontrol', ['--oneliner', 'show', 'node', name]);
  if (told.kind !== 'done') return null;
  const state = /\sState=(\S+)/.exec(told.stdout)?.[1] ?? 'UNKNOWN';
  const answers = !/\*|DOWN|UNKNOWN|NOT_RESPONDING|POWER|REBOOT|FAIL/.test(state);
  return { answers, bootedAtS: secondsOf(/\sBootTime=(\S+)/.exec(told.stdout)?.[1] ?? '') };
}

/** `2026-11-22T20:27:36`, in UTC as the commands are run. */
function secondsOf(text: string): number | null {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  return Number.isNaN(ms) ? null : ms / 1000;
}

/** `[DAYS-]HH:MM:SS`. */
function durationOf(text: string): number | null {
  const found = /^(?:(\d+)-)?(\d+):(\d\d):(\d\d)$/.exec(text);
  if (!found) return null;
  const [days, hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
