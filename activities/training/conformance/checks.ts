/** What one trial must show: pure looks at its events, and looks at its files. Each returns why it fails, or null. */
import { readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import type { AttemptExit } from '../classify.ts';
import { hashFiles } from '../manifest.ts';
import type { ConformingEvent, RankLog } from './event-contract.ts';
import type { CommandRecipe } from './trial.ts';

export type Verdict = string | null;

/** Longest pause between two beats; docs/training-protocol.md asks for 2 to 5 s. */
const maxBeatPauseS = 10;

export function helloFault(logs: readonly RankLog[], recipe: CommandRecipe): Verdict {
  const worldSize = recipe.distributed?.ranks ?? 1;
  for (const { rank, events } of logs) {
    const hello = events.find(({ ev }) => ev === 'hello');
    if (!hello) return `rank ${rank} wrote no hello`;
    if (hello['worldSize'] !== worldSize)
      return `rank ${rank} says worldSize ${String(hello['worldSize'])}, not ${worldSize}`;
    const said = hello['strategy'] as { readonly kind: string; readonly precision: string };
    const { kind = said.kind, precision = said.precision } = recipe.strategy ?? {};
    if (said.kind !== kind || said.precision !== precision)
      return `the strategy is ${said.kind} ${said.precision}, the recipe expects ${kind} ${precision}`;
  }
  return null;
}

export function eventsFault(logs: readonly RankLog[]): Verdict {
  const silent = logs.find(({ events, breach }) => events.length === 0 && !breach);
  if (silent) return `rank ${silent.rank} wrote no events`;
  return logs.find(({ breach }) => breach)?.breach ?? null;
}

export function beatsFault(logs: readonly RankLog[]): Verdict {
  for (const { rank, events } of logs) {
    const beats = events.filter(({ ev }) => ev === 'beat');
    if (beats.length === 0) return `rank ${rank} wrote no beat`;
    const times = [...beats.map(({ ts }) => ts), events.at(-1)?.ts ?? 0];
    const pause = Math.max(...times.slice(1).map((time, index) => time - (times[index] as number)));
    if (pause > maxBeatPauseS) return `rank ${rank} was silent for ${pause.toFixed(1)} s`;
  }
  return null;
}

/** Each step once, in order, from the one after `from` to the last. */
export function stepsFault(logs: readonly RankLog[], maxSteps: number, from = 0): Verdict {
  for (const { rank, events } of logs) {
    const steps = events.filter(({ ev }) => ev === 'step').map(({ step }) => step);
    const wrong = steps.findIndex((step, index) => step !== from + index + 1);
    if (wrong >= 0) return `rank ${rank}: step ${steps[wrong]} came where ${from + wrong + 1} was due`;
    if (from + steps.length !== maxSteps)
      return `rank ${rank} made ${from + steps.length} of ${maxSteps} steps`;
  }
  return null;
}

export function endFault(logs: readonly RankLog[], exit: AttemptExit | null, reason: string): Verdict {
  if (exit === null) return 'it was still running at the time limit';
  const first = logs.flatMap(({ events }) => events).find(({ ev }) => ev === 'error');
  const error = first ? ` after ${String(first['type'])}: ${String(first['message'])}` : '';
  if (exit.code !== 0) return `it ended with ${exit.signal ?? `code ${exit.code}`}${error}`.slice(0, 300);
  for (const { rank, events } of logs) {
    const ends = events.filter(({ ev }) => ev === 'end').map((event) => String(event['reason']));
    if (ends.join() !== reason)
      return `rank ${rank} said end {${ends.join(', ') || 'nothing'}}, not {${reason}}`;
  }
  return null;
}

const partSchema = z.object({
  v: z.literal(1),
  step: z.number().int(),
  rank: z.number().int(),
  worldSize: z.number().int(),
  files: z.array(z.object({ path: z.string(), size: z.number().int() })),
});

/** Every file of the checkpoint in exactly one part, with its size; the recipe's files are among them. */
export async function checkpointFault(
  saves: readonly ConformingEvent[],
  output: string,
  recipe: CommandRecipe,
): Promise<Verdict> {
  const ranks = recipe.distributed?.ranks ?? 1;
  const directory = String(saves[0]?.['dir']);
  if (saves.length !== ranks) return `${saves.length} of ${ranks} ranks wrote save`;
  if (relative(output, directory).startsWith('..')) return `${directory} is not below ${output}`;
  const named = new Map<string, number>();
  for (const save of saves) {
    const text = await readFile(String(save['part']), 'utf8').catch(() => undefined);
    if (text === undefined) return `the part ${String(save['part'])} is missing`;
    const part = partSchema.safeParse(JSON.parse(text));
    if (!part.success) return `${String(save['part'])}: ${z.prettifyError(part.error).slice(0, 200)}`;
    if (part.data.step !== save.step) return `the part of step ${save.step} says step ${part.data.step}`;
    for (const { path, size } of part.data.files) {
      if (named.has(path)) return `${path} is in two parts`;
      named.set(path, size);
    }
  }
  const there = new Map((await hashFiles(directory).catch(() => [])).map(({ path, size }) => [path, size]));
  for (const [path, size] of named) {
    if (there.get(path) !== size)
      return `${path} has ${there.get(path) ?? 'no'} bytes, its part says ${size}`;
  }
  const unnamed = [...there.keys()].find((path) => !named.has(path));
  if (unnamed) return `${unnamed} is in no part`;
  const missing = ['trainer_state.json', ...recipe.checkpointFiles].find((path) => !there.get(path));
  if (missing) return `${missing} is missing`;
  const state = JSON.parse(await readFile(join(directory, 'trainer_state.json'), 'utf8')) as {
    global_step?: unknown;
  };
  return state.global_step === saves[0]?.step
    ? null
    : `trainer_state.json says global_step ${String(state.global_step)} in the checkpoint of step ${saves[0]?.step}`;
}

/** Byte for byte. */
export async function artefactFault(undisturbed: string, resumed: string): Promise<Verdict> {
  const [one, other] = await Promise.all(
    [undisturbed, resumed].map((path) => hashFiles(path).catch(() => [])),
  );
  if (!one?.length) return 'the undisturbed run left no artefact';
  if (!other?.length) return 'the resumed run left no artefact';
  const differs = one.find(({ path, sha256 }) => other.find((file) => file.path === path)?.sha256 !== sha256);
  if (differs) return `${differs.path} differs from that of the undisturbed run`;
  return one.length === other.length ? null : 'the resumed run left other files';
}

export async function isFilled(path: string): Promise<boolean> {
  return ((await stat(path).catch(() => undefined))?.size ?? 0) > 0;
}
