/**
 * What a chaos trainer says of itself, in a directory that the product does not know: its steps, and whether two trainers of a run
 * ever lived at once (each process holds a lock from its first moment to its last).
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeWhole } from '../../../activities/training/layout.ts';
import type { Strike } from './faults/target.ts';

export interface Step {
  readonly epoch: number;
  readonly rank: number;
  readonly pid: number;
  readonly step: number;
}

export interface Witnessed {
  readonly steps: readonly Step[];
  readonly duplicates: number;
}

export interface Order {
  readonly kind: string;
  readonly at: 'import' | 'loadData' | 'loadModel' | 'resume' | 'step' | 'eval' | 'save' | 'finish';
  readonly rank?: number;
}

export async function openWitness(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
}

export async function readWitness(directory: string): Promise<Witnessed> {
  const text = await readFile(join(directory, 'steps.log'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  const parsed = lines.map((line) => {
    const [what = '', ...numbers] = line.split(' ');
    const [epoch = 0, rank = 0, pid = 0, step = 0] = numbers.map(Number);
    return { what, epoch, rank, pid, step };
  });
  return {
    steps: parsed.filter(({ what }) => what === 'step'),
    duplicates: parsed.filter(({ what }) => what === 'duplicate').length,
  };
}

/** How far the trainer says that it got, and since when it says nothing new. */
export function createAccount(directory: string): {
  look(nowMs: number): Promise<{ readonly reached: number; readonly quietMs: number }>;
} {
  let [reached, size, changedMs] = [0, 0, Date.now()];
  return {
    async look(nowMs) {
      const now = (await stat(join(directory, 'steps.log')).catch(() => undefined))?.size ?? 0;
      if (now !== size) {
        [size, changedMs] = [now, nowMs];
        const { steps } = await readWitness(directory);
        reached = steps.reduce((most, { step }) => Math.max(most, step), 0);
      }
      return { reached, quietMs: nowMs - changedMs };
    },
  };
}

let orders = 0;

/** Resolves when the trainer obeyed, with its epoch; undefined when it did not within the time. One order at a time. */
export async function give(
  directory: string,
  order: Order,
  withinMs: number,
  meanwhile: () => void = () => {},
): Promise<Strike | undefined> {
  orders += 1;
  const id = orders;
  const path = join(directory, 'order.json');
  await writeWhole(path, JSON.stringify({ ...order, id }));
  meanwhile();
  const obeyed = join(directory, `epoch.${id}`);
  const until = performance.now() + withinMs;
  while (performance.now() < until) {
    const strike = await obeyedAt(obeyed);
    if (strike) return strike;
    await sleep(20);
  }
  const takenBack = await rename(path, join(directory, `back.${id}`)).then(
    () => true,
    () => false,
  );
  if (takenBack) return undefined;
  for (let tries = 0; tries < triesAfterwards; tries += 1) {
    const strike = await obeyedAt(obeyed);
    if (strike) return strike;
    await sleep(100);
  }
  // It was taken by one who was killed before it said so.
  return { atMs: Date.now() };
}

const triesAfterwards = 50;

async function obeyedAt(path: string): Promise<Strike | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.endsWith('\n') ? { atMs: (await stat(path)).mtimeMs, epoch: Number(text) } : undefined;
}

/** The weights that undisturbed steps lead to: a chain of hashes per rank. */
export function undisturbed(rows: string, seed: number, ranks: number, steps: number): readonly string[] {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  return Array.from({ length: ranks }, (_, rank) => {
    let state = sha256(`${rows}${seed}:${rank}`);
    for (let step = 1; step <= steps; step += 1) state = sha256(`${state}:${step}`);
    return state;
  });
}
