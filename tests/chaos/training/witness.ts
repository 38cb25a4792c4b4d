/** What a chaos trainer says of itself, beside the product: its steps, and whether two trainers of a run ever lived at once. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeWhole } from '../../../activities/training/layout.ts';
import { removeFile } from './chaos-stack.ts';

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
  readonly at: 'load' | 'step' | 'save';
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

let orders = 0;

/** Resolves with the moment (ms since 1970) at which the trainer obeyed, or undefined when it did not within the time. */
export async function give(
  directory: string,
  order: Order,
  withinMs: number,
  meanwhile: () => Promise<void> = async () => {},
): Promise<number | undefined> {
  orders += 1;
  const path = join(directory, 'order.json');
  await writeWhole(path, JSON.stringify({ ...order, id: orders }));
  await meanwhile();
  const taken = join(directory, `taken.${orders}`);
  const until = performance.now() + withinMs;
  for (;;) {
    const there = await stat(taken).catch(() => undefined);
    if (there) return there.mtimeMs;
    if (performance.now() > until) break;
    await sleep(20);
  }
  await removeFile(path);
  // It may have been read just before it was taken back.
  await sleep(50);
  return (await stat(taken).catch(() => undefined))?.mtimeMs;
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
