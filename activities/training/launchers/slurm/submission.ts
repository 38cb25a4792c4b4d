/** Handing an attempt to Slurm: one job whose name is the attempt's key, so that a launch that is repeated finds its own. */
import { fileURLToPath } from 'node:url';
import { failure } from '../../../failure.ts';
import type { AttemptSpec } from '../../launcher.ts';
import type { AttemptLayout } from '../../layout.ts';
import type { SlurmCommands } from './commands.ts';

export interface SlurmSettings {
  /** The config's name of this launcher. */
  readonly name: string;
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  readonly qos?: string | undefined;
  readonly reservation?: string | undefined;
  readonly constraint?: string | undefined;
  /** Absent = the partition's. */
  readonly timeLimitMin?: number | undefined;
  readonly cpus?: number | undefined;
  readonly memoryMib?: number | undefined;
  /** How a recipe's `gpus.type` is asked for; a type that is not here is Slurm's own name of one. */
  readonly gpuTypes: Readonly<
    Record<string, { readonly gres?: string | undefined; readonly constraint?: string | undefined }>
  >;
  /** Seconds before the time limit at which the trainer saves and stops. */
  readonly warnS: number;
  /** Of the nodes; 3.10 or newer, the standard library suffices. */
  readonly python: string;
}

const shimScript = fileURLToPath(new URL('../../shim/shim.py', import.meta.url));

/** Ids of this user's jobs of that name which the controller has not forgotten as ended, oldest first. */
export async function jobsNamed(commands: SlurmCommands, name: string): Promise<readonly string[]> {
  const found = await commands.run('squeue', ['--me', '--noheader', `--name=${name}`, '--format=%A']);
  if (found.kind !== 'done') throw failure('Training.HostUnknown', `Slurm does not answer: ${found.message}`);
  return found.stdout.split('\n').filter((line) => /^\d+$/.test(line));
}

/**
 * Returns the job's id. Throws `Training.LaunchFailed` with Slurm's words when it refuses, and `Training.HostUnknown` when it
 * does not answer: the job may then be there, and the next call looks for it first.
 */
export async function submit(
  commands: SlurmCommands,
  settings: SlurmSettings,
  {
    name,
    layout,
    spec,
  }: { readonly name: string; readonly layout: AttemptLayout; readonly spec: AttemptSpec },
): Promise<string> {
  const script = `#!/bin/sh\nexec ${quote(settings.python)} ${quote(shimScript)} ${quote(layout.directory)}\n`;
  const sent = await commands.run('sbatch', sbatchArguments(settings, { name, layout, spec }), script);
  if (sent.kind === 'away') throw failure('Training.HostUnknown', `Slurm does not answer: ${sent.message}`);
  if (sent.kind === 'refused')
    throw failure('Training.LaunchFailed', `Slurm refused the job: ${sent.message}`);
  // `ID` or `ID;CLUSTER`.
  const id = /^(\d+)(?:;|$)/m.exec(sent.stdout.trim())?.[1];
  if (!id) throw failure('Training.HostUnknown', `sbatch said no job's number: ${sent.stdout.slice(0, 200)}`);
  return id;
}

export function sbatchArguments(
  settings: SlurmSettings,
  {
    name,
    layout,
    spec,
  }: { readonly name: string; readonly layout: AttemptLayout; readonly spec: AttemptSpec },
): string[] {
  const { partition, account, qos, reservation, timeLimitMin, cpus, memoryMib, warnS } = settings;
  const { constraint, gres } = gpusAsked(settings, spec);
  const { avoidNodes = [] } = spec;
  const exclude = avoidNodes.length > 0 ? avoidNodes.join(',') : undefined;
  const wanted = { partition, account, qos, reservation, constraint, gres, exclude };
  return [
    ...['--parsable', `--job-name=${name}`, '--nodes=1', '--ntasks=1'],
    // The supervisor decides on the next attempt, with another epoch.
    '--no-requeue',
    // A list and nothing else of the submitter's environment; the trainer's own is in spec.json.
    '--export=PATH=/usr/local/bin:/usr/bin:/bin',
    `--signal=B:USR1@${warnS}`,
    ...[`--chdir=${layout.directory}`, `--output=${escaped(layout.shimLog)}`, '--open-mode=append'],
    ...Object.entries(wanted).flatMap(([key, value]) => (value === undefined ? [] : [`--${key}=${value}`])),
    ...(timeLimitMin === undefined ? [] : [`--time=${timeLimitMin}`]),
    ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
    ...(memoryMib === undefined ? [] : [`--mem=${memoryMib}M`]),
  ];
}

function gpusAsked(
  { constraint, gpuTypes }: SlurmSettings,
  { wantedGpus }: AttemptSpec,
): { readonly constraint: string | undefined; readonly gres: string | undefined } {
  if (!wantedGpus) return { constraint, gres: undefined };
  const { count, type } = wantedGpus;
  const named = type === undefined ? undefined : (gpuTypes[type] ?? { gres: type.replaceAll(' ', '_') });
  const all = [constraint, named?.constraint].filter((one) => one !== undefined);
  return {
    constraint: all.length > 1 ? all.map((one) => (/[|&]/.test(one) ? `(${one})` : one)).join('&') : all[0],
    gres: named?.gres === undefined ? `gpu:${count}` : `gpu:${named.gres}:${count}`,
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** In names of files sbatch reads patterns such as %j. */
function escaped(path: string): string {
  return path.replaceAll('%', '%%');
}
