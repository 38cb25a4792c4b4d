/** `masgpt training checkpoints RUN`: the run's registry; `--verify` hashes all files again, tells damaged ones and ends with code 1. */
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import {
  type SurveyedCheckpoint,
  surveyCheckpoints,
} from '../../../activities/training/checkpoints/survey.ts';
import { terminalLine } from '../../../workflows/shared/encode/terminal.ts';
import { trainingHost } from '../../../workers/config/training-host.ts';
import { columns } from '../columns.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { nameOf, runNameArg } from './operator-flags.ts';
import { findTraining } from './show.ts';

export default defineCommand({
  meta: { name: 'checkpoints', description: "A run's checkpoints, newest first" },
  args: {
    ...commonArgs,
    run: runNameArg,
    verify: { type: 'boolean', description: 'Hash all their files again; changes nothing' },
  },
  run: ({ args }) =>
    runCommand(args, (context) => checkpoints(context, nameOf(args.run), args.verify === true)),
});

export async function checkpoints(
  context: Pick<CommandContext, 'database' | 'config' | 'output'>,
  name: string,
  verify: boolean,
): Promise<unknown> {
  const { database, config, output } = context;
  const { run } = await findTraining(context, name);
  const root = join(resolve(config.home), 'training');
  const found = await surveyCheckpoints({ database, root, run, host: trainingHost(config) }, verify);
  output.print(found.length === 0 ? `${run} has no checkpoint yet` : table(found));
  const damaged = found.flatMap(({ step, check }) => (check?.found === 'damaged' ? [step] : []));
  const document = { run, checkpoints: found, ...(verify ? { damaged } : {}) };
  if (damaged.length === 0) return document;
  const many = damaged.length === 1 ? 'checkpoint is' : 'checkpoints are';
  throw new CommandFailed(`${damaged.length} ${many} damaged: step ${damaged.join(', ')}`, {
    remedy: 'the next resume moves them to quarantine and goes on from an older one',
    document,
  });
}

function table(found: readonly SurveyedCheckpoint[]): string {
  const rows = found.map((each) => [
    ...[String(each.step), String(each.attempt), stateOf(each), sizeOf(each.bytes), String(each.ranks)],
    ...[
      each.savedAt.toISOString().slice(0, 19),
      each.digest?.slice(0, 12) ?? '',
      copyOf(each),
      reasonOf(each),
    ],
  ]);
  const heads = ['STEP', 'ATTEMPT', 'STATE', 'SIZE', 'RANKS', 'SAVED (UTC)', 'DIGEST', 'COPY', 'REASON'];
  return columns([heads, ...rows]);
}

function stateOf({ state, check }: SurveyedCheckpoint): string {
  if (!check) return state;
  return check.found === 'whole' ? 'verified, whole' : check.found;
}

function copyOf({ copies }: SurveyedCheckpoint): string {
  if (copies.length === 0) return '';
  return copies.every(({ verifiedAt }) => verifiedAt !== null) ? 'yes' : 'failed';
}

/** File names of a trainer stand in reasons. */
function reasonOf({ reason, check, copies, pending }: SurveyedCheckpoint): string {
  const told = check && check.found !== 'whole' ? check.reason : (reason ?? '');
  const failed = copies.flatMap(({ problem }) => (problem === null ? [] : [` (not copied: ${problem})`]));
  const left =
    pending === null ? '' : ` (its files are still to be ${pending === 'move' ? 'moved' : 'deleted'})`;
  return terminalLine(`${told}${left}${failed.join('')}`);
}

function sizeOf(bytes: number): string {
  if (bytes === 0) return '';
  const power = Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1024)));
  return `${(bytes / 1024 ** power).toPrecision(3)} ${units[power] ?? ''}`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
