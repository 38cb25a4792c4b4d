/** What counts as a whole model file, and what a reader makes of a torn event file. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEvents } from '../../../activities/training/events.ts';
import { findFault } from '../../../activities/training/safetensors.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-checkpoints-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function safetensors(values: readonly number[], header?: string): Buffer {
  const data = Buffer.from(Float32Array.from(values).buffer);
  const text = Buffer.from(
    header ?? JSON.stringify({ w: { dtype: 'F32', shape: [values.length], data_offsets: [0, data.length] } }),
  );
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, data]);
}

it.each<[string, Buffer, string | undefined]>([
  ['whole', safetensors([1, -2.5, 0]), undefined],
  ['NaN', safetensors([1, Number.NaN]), 'tensor w is not finite'],
  ['infinite', safetensors([-Infinity]), 'tensor w is not finite'],
  ['cut short', safetensors([1, 2, 3]).subarray(0, -4), 'tensor w lies outside the file'],
  ['empty', Buffer.alloc(0), 'shorter than its header'],
  ['a header that lies about its size', Buffer.alloc(64, 0xff), 'header longer than the file'],
  ['no JSON', safetensors([1], '{{{'), 'header is not readable'],
])('model file: %s', async (name, bytes, fault) => {
  const path = join(directory, `${name}.safetensors`);
  await writeFile(path, bytes);
  expect(await findFault(path)).toBe(fault);
});

it('reads complete lines of its own epoch, goes on from the offset, skips what does not parse', async () => {
  const path = join(directory, 'events.0.jsonl');
  const line = (seq: number, epoch = 2): string =>
    `${JSON.stringify({ v: 1, epoch, seq, ev: 'step', step: seq, maxSteps: 9, phase: 'train', unknown: 'é' })}\n`;
  expect(await readEvents(path, 0, 2)).toEqual({ events: [], offset: 0 });
  await writeFile(path, `${line(1)}${line(2, 1)}{broken}\n${line(3)}${line(4).slice(0, 20)}`);
  const first = await readEvents(path, 0, 2);
  expect(first.events.map(({ seq }) => seq)).toEqual([1, 3]);
  expect(await readEvents(path, first.offset, 2)).toEqual({ events: [], offset: first.offset });
  await appendFile(path, line(4).slice(20));
  expect((await readEvents(path, first.offset, 2)).events.map(({ seq }) => seq)).toEqual([4]);
});
