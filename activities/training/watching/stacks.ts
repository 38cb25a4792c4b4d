/** The stacks of a trainer that hangs: ordered before it is killed, and the texts that are kept as evidence of an end. */
import { open, stat } from 'node:fs/promises';
import type { AttemptLayout } from '../layout.ts';
import { clean } from './event.ts';

const tailChars = 4_000;
const waitMs = 1_500;

/** Waits a moment for what the order `dump` leaves of this rank. A trainer that cannot answer leaves nothing. */
export async function awaitStacks(
  path: string,
  order: () => Promise<void>,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  const before = await sizeOf(path);
  await order();
  let last = before;
  for (let waited = 0; waited < waitMs; waited += 100) {
    await sleep(100);
    const size = await sizeOf(path);
    if (size > before && size === last) return;
    last = size;
  }
}

/** Of a hang the rank's stacks, else the log's end; lines free of control characters. */
export async function tailOf(
  layout: Pick<AttemptLayout, 'log' | 'stacksOf'>,
  hungRank: number | undefined,
): Promise<string> {
  const stacks = hungRank === undefined ? '' : await readTailOf(layout.stacksOf(hungRank), tailChars);
  const text = stacks === '' ? await readTailOf(layout.log, tailChars) : stacks;
  const lines = text
    .split('\n')
    .map((line) => line.slice(0, line.length - line.trimStart().length) + clean(line, 400));
  return lines.join('\n').trim().slice(-tailChars);
}

/** The last bytes of a file as text; empty when it cannot be read. */
export async function readTailOf(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(maxBytes, size));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
