/** The end of a growing file: whole lines, of a bounded part of it. */
import { open } from 'node:fs/promises';

export interface Part {
  readonly text: string;
  /** Where the next part begins: after the last whole line. */
  readonly end: number;
}

const maxBytes = 8 * 1024 * 1024;
const newline = 10;

/** Undefined for a file that is not there. A last line without its end counts as one. */
export async function readTail(path: string, lines: number): Promise<Part | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - maxBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const whole = buffer.subarray(0, bytesRead);
    let from = whole.length;
    // The end of the last line begins none.
    let left = whole.at(-1) === newline ? lines + 1 : lines;
    for (; left > 0 && from > 0; left -= 1) from = Math.max(0, whole.lastIndexOf(newline, from - 1));
    if (from > 0) from += 1;
    return { text: whole.toString('utf8', from), end: start + bytesRead };
  } finally {
    await file.close();
  }
}

/** Whole lines from there on. A file that has become shorter is read from its beginning. */
export async function readFrom(path: string, offset: number): Promise<Part> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return { text: '', end: offset };
  try {
    const { size } = await file.stat();
    const start = size < offset ? 0 : offset;
    const buffer = Buffer.alloc(Math.min(maxBytes, size - start));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const last = buffer.subarray(0, bytesRead).lastIndexOf(newline);
    // A line longer than all that is read goes in parts.
    const end = last < 0 ? (bytesRead === maxBytes ? bytesRead : 0) : last + 1;
    return { text: buffer.toString('utf8', 0, end), end: start + end };
  } finally {
    await file.close();
  }
}
