/** `masgpt training logs RUN`: the end of an attempt's log, or of a rank's events, without terminal escapes; `--follow` goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineCommand } from 'citty';
import { type KeptTail, keptTail } from '../../../activities/training/attempt-records.ts';
import { attemptLayout } from '../../../activities/training/layout.ts';
import { terminal } from '../../../workflows/shared/encode/terminal.ts';
import { join, resolve } from 'node:path';
import { trainingHost } from '../../../workers/config/training-host.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { wholeNumber } from '../flag-values.ts';
import { nameOf, runNameArg } from './operator-flags.ts';
import { findTraining } from './show.ts';
import { readFrom, readTail } from './tail-file.ts';

const maxLines = 100_000;
const pollMs = 300;

export default defineCommand({
  meta: { name: 'logs', description: "The end of an attempt's log" },
  args: {
    ...commonArgs,
    run: runNameArg,
    attempt: { type: 'string', description: 'Number of the attempt (default: the last one)', valueHint: 'n' },
    rank: { type: 'string', description: "This rank's events instead of the log", valueHint: 'r' },
    lines: { type: 'string', description: 'Lines from the end', default: '100' },
    follow: { type: 'boolean', description: 'Go on until the attempt ends' },
  },
  run: ({ args }) => {
    const wanted = {
      attempt: wholeNumber('--attempt', args.attempt, 1),
      rank: wholeNumber('--rank', args.rank, 0),
      lines: Math.min(maxLines, wholeNumber('--lines', args.lines, 1) ?? 100),
      follow: args.follow === true,
    };
    return runCommand(args, (context) => logs(context, nameOf(args.run), wanted));
  },
});

interface Wanted {
  readonly attempt: number | undefined;
  readonly rank: number | undefined;
  readonly lines: number;
  readonly follow: boolean;
}

async function logs(context: CommandContext, name: string, wanted: Wanted): Promise<unknown> {
  const { output, signal, config, database } = context;
  const { run } = await findTraining(context, name);
  const attempt = await findAttempt(context, run, wanted.attempt);
  const layout = attemptLayout(join(resolve(config.home), 'training'), run, attempt.epoch);
  const path = wanted.rank === undefined ? layout.log : layout.eventsOf(wanted.rank);
  const tail = await readTail(path, wanted.lines);
  if (!tail) {
    const record =
      wanted.rank === undefined ? await keptTail(database, run, { epoch: attempt.epoch }) : undefined;
    if (record) return tellKept(output, { run, ...attempt }, record, wanted.lines);
    const where = attempt.host === trainingHost(config) ? 'it has none yet' : `it is on host ${attempt.host}`;
    throw new CommandFailed(`no such log of attempt ${attempt.epoch} of ${run} here: ${where}`);
  }
  const kept = tail.text === '' ? [] : terminal(tail.text).replace(/\n$/, '').split('\n');
  for (const line of kept) output.print(line);
  let offset = tail.end;
  while (wanted.follow && !signal.aborted) {
    const ended = (await findAttempt(context, run, attempt.epoch)).state === 'ended';
    const more = await readFrom(path, offset);
    offset = more.end;
    if (more.text !== '') output.print(more.text.replace(/\n$/, ''));
    else if (ended) break;
    else await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
  return { run, attempt: attempt.epoch, host: attempt.host, lines: kept };
}

/** The log is on another host, or gone: the registry has its end. */
function tellKept(
  output: CommandContext['output'],
  { run, epoch, host }: { readonly run: string; readonly epoch: number; readonly host: string },
  { tail }: KeptTail,
  lines: number,
): unknown {
  output.note(`the log of attempt ${epoch} is not here (host ${host}); this is its end, as it was recorded`);
  const kept = terminal(tail).replace(/\n$/, '').split('\n').slice(-lines);
  for (const line of kept) output.print(line);
  return { run, attempt: epoch, host, lines: kept, recorded: true };
}

async function findAttempt({ database }: CommandContext, run: string, epoch: number | undefined) {
  const all = await database
    .selectFrom('training_attempts')
    .select(['epoch', 'host', 'state'])
    .where('run', '=', run)
    .orderBy('epoch', 'desc')
    .execute();
  const found = epoch === undefined ? all[0] : all.find((attempt) => attempt.epoch === epoch);
  if (found) return found;
  if (all.length === 0) throw new CommandFailed(`${run} has no attempt yet`);
  const known = all.map((attempt) => attempt.epoch).toReversed();
  throw new CommandFailed(`${run} has no attempt ${epoch}; there are ${known.join(', ')}`);
}
