/** What a reader makes of a torn event file. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEvents } from '../../../activities/training/events.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-checkpoints-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

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
