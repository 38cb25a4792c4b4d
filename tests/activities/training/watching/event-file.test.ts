/** What the reader makes of event files as crashes, torn writes and hostile trainers leave them. */
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { parseEventLine } from '../../../../activities/training/watching/event.ts';
import {
  type FilePosition,
  fileStart,
  readEventFile,
} from '../../../../activities/training/watching/event-file.ts';

let directory: string;
let path: string;
let files = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-events-'));
});
beforeEach(() => {
  files += 1;
  path = join(directory, `events.${files}.jsonl`);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const epoch = 2;
const line = (seq: number, change: object = {}): string =>
  `${JSON.stringify({ v: 1, epoch, seq, ts: 1e9, ev: 'step', step: seq, maxSteps: 99, phase: 'train', ...change })}\n`;

/** Reads to the end, slice by slice. */
async function readOn(from: FilePosition = fileStart) {
  let [position, more] = [from, true];
  const seqs: number[] = [];
  for (let slices = 0; more && slices < 1_000; slices += 1) {
    const slice = await readEventFile(path, position, epoch);
    ({ position, more } = slice);
    seqs.push(...slice.events.map(({ seq }) => seq));
  }
  return { seqs, position };
}

it('reads whole lines of its own epoch and goes on from the position', async () => {
  expect((await readOn()).seqs).toEqual([]);
  await writeFile(path, `${line(0)}${line(1, { epoch: 1 })}{broken}\n${line(1)}${line(2).slice(0, 20)}`);
  const first = await readOn();
  expect(first.seqs).toEqual([0, 1]);
  expect(first.position).toMatchObject({ garbage: 1, foreign: 1, gaps: 0 });
  expect(await readOn(first.position)).toEqual({ seqs: [], position: first.position });
  await appendFile(path, line(2).slice(20));
  expect((await readOn(first.position)).seqs).toEqual([2]);
});

it('counts gaps, repeated events and a writer that began anew', async () => {
  await writeFile(path, `${line(0)}${line(3)}${line(3)}${line(4)}${line(0)}${line(1)}`);
  const { seqs, position } = await readOn();
  expect(seqs).toEqual([0, 3, 4, 0, 1]);
  expect(position).toMatchObject({ gaps: 2, garbage: 1, restarts: 1, seq: 2 });
});

it('reads a file that shrank again, and no event twice', async () => {
  await writeFile(path, line(0) + line(1) + line(2));
  const before = await readOn();
  await truncate(path, line(0).length + 5);
  const shrunk = await readOn(before.position);
  expect(shrunk.seqs).toEqual([]);
  expect(shrunk.position.shrunk).toBe(1);
  await writeFile(path, line(0) + line(1));
  const rewritten = await readOn(shrunk.position);
  await appendFile(path, line(2) + line(3) + line(4));
  expect([...rewritten.seqs, ...(await readOn(rewritten.position)).seqs]).toEqual([3, 4]);
});

it('passes over a line of megabytes with bounded memory and goes on behind it', async () => {
  await writeFile(path, line(0));
  await appendFile(path, `{"v":1,"message":"${'x'.repeat(3_000_000)}`);
  const inside = await readOn();
  expect(inside.seqs).toEqual([0]);
  expect(inside.position.inLongLine).toBe(true);
  await appendFile(path, `"}\n${line(1)}`);
  const behind = await readOn(inside.position);
  expect(behind.seqs).toEqual([1]);
  expect(behind.position.garbage).toBe(1);
  const slice = await readEventFile(path, { ...fileStart, offset: 0 }, epoch);
  expect(slice.position.offset).toBeLessThanOrEqual(256 * 1024);
});

it.each<[string, object, object]>([
  ['a number of huge size', { stepS: 1e300, loss: '1e5' }, { stepS: undefined, loss: undefined }],
  ['negative numbers', { stepS: -1, loopAgeS: -3, bytes: -1 }, { stepS: undefined, bytes: undefined }],
  [
    'numbers as other types',
    { loss: [1], gradNorm: true, pid: 'x' },
    { loss: undefined, gradNorm: undefined },
  ],
  ['a step beyond reason', { step: 1e12 }, { step: 0 }],
  ['texts with escapes', { message: '\u001B[31mred\u001B[0m\nnext\u0007' }, { message: 'red next' }],
  ['long texts', { message: 'm'.repeat(9_000), type: 'T'.repeat(500) }, { message: 'm'.repeat(300) }],
  ['bidirectional controls', { phase: 'tr\u202Eain' }, { phase: 'tr ain' }],
  ['versions that are no texts', { versions: { a: 1 } }, { versions: undefined }],
  [
    'a thousand versions',
    { versions: Object.fromEntries(Array.from({ length: 999 }, (_, i) => [`v${i}`, ''])) },
    { versions: undefined },
  ],
  ['a clock that jumps', { ts: -1e300 }, { step: 7 }],
  ['non-finite texts', { loss: 'nan', gradNorm: '-inf' }, { loss: Number.NaN, gradNorm: -Infinity }],
])('%s in an event does no harm', (_, change, expected) => {
  const parsed = parseEventLine(line(7, change), epoch);
  expect(parsed).toMatchObject({ kind: 'event', event: expected });
});

it.each([
  ['no JSON', 'step 7'],
  ['another version', JSON.stringify({ v: 2, epoch, seq: 1, ev: 'step' })],
  ['no seq', JSON.stringify({ v: 1, epoch, ev: 'step' })],
  ['a negative seq', JSON.stringify({ v: 1, epoch, seq: -1, ev: 'step' })],
  ['a list', '[]'],
  ['null', 'null'],
  ['a name of megabytes', JSON.stringify({ v: 1, epoch, seq: 1, ev: 'x'.repeat(1e6) })],
])('%s is garbage', (_, text) => expect(parseEventLine(text, epoch).kind).toBe('garbage'));

it('reads bare NaN as Python writes it', () => {
  const text = `{"v": 1, "epoch": 2, "seq": 1, "ev": "log", "step": 3, "phase": "train", "loss": NaN, "gradNorm": -Infinity}`;
  expect(parseEventLine(text, epoch)).toMatchObject({ event: { loss: Number.NaN, gradNorm: -Infinity } });
});
