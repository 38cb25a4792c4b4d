/** GGUF files before anything loads them: what the header claims must be inside the file, and nothing is allocated for a lie. */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readGguf } from '../../../../activities/training/models/gguf-file.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-gguf-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const textEntry = (key: string, value: string): Buffer => Buffer.concat([text(key), u32(8), text(value)]);
const listEntry = (key: string, items: readonly string[]): Buffer =>
  Buffer.concat([text(key), u32(9), u32(8), u64(items.length), ...items.map(text)]);
const tensor = (name: string, shape: readonly (number | bigint)[], type = 0, offset = 0): Buffer =>
  Buffer.concat([text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset)]);

interface Parts {
  readonly magic?: string;
  readonly version?: number;
  readonly entries?: readonly Buffer[];
  readonly tensors?: readonly Buffer[];
  readonly claimedEntries?: number | bigint;
  readonly claimedTensors?: number | bigint;
  readonly dataBytes?: number;
}

const fit = [
  textEntry('general.architecture', 'llama'),
  listEntry('tokenizer.ggml.tokens', ['a', 'b', 'c']),
  textEntry('tokenizer.chat_template', '{{ messages }}'),
];

function file(parts: Parts): Buffer {
  const { entries = fit, tensors = [tensor('token_embd.weight', [8, 4])], dataBytes = 128 } = parts;
  const head = Buffer.concat([
    Buffer.from(parts.magic ?? 'GGUF'),
    u32(parts.version ?? 3),
    u64(parts.claimedTensors ?? tensors.length),
    u64(parts.claimedEntries ?? entries.length),
    ...entries,
    ...tensors,
  ]);
  const padding = Buffer.alloc((32 - (head.length % 32)) % 32);
  return Buffer.concat([head, padding, Buffer.alloc(dataBytes)]);
}

async function read(bytes: Buffer): Promise<unknown> {
  const path = join(directory, 'model.gguf');
  await writeFile(path, bytes);
  return readGguf(path);
}

it('tells what a whole file holds', async () => {
  expect(await read(file({}))).toEqual({
    architecture: 'llama',
    tensors: 1,
    tokens: 3,
    hasChatTemplate: true,
  });
  expect(await read(file({ entries: [], tensors: [], version: 2, dataBytes: 0 }))).toMatchObject({
    tokens: 0,
    hasChatTemplate: false,
  });
});

it.each<[string, Parts, RegExp]>([
  ['another magic', { magic: 'PK\u0003\u0004' }, /not a GGUF file/],
  ['version 1', { version: 1 }, /version 1 is not known/],
  ['a big-endian version', { version: 0x03_00_00_00 }, /version 50331648/],
  ['2^63 tensors', { claimedTensors: 2n ** 63n }, /claims 9223372036854775808 tensors/],
  ['entries without end', { claimedEntries: 2n ** 40n }, /claims 1099511627776 entries/],
  ['more entries than there are', { claimedEntries: 9_000 }, /beyond the file|type|stands twice|claims/],
  [
    'a text longer than the file',
    { entries: [Buffer.concat([text('general.name'), u32(8), u64(900_000)])] },
    /beyond/,
  ],
  [
    'a text of 2^62 bytes',
    { entries: [Buffer.concat([text('general.name'), u32(8), u64(2n ** 62n)])] },
    /claims 4611686018427387904 bytes/,
  ],
  ['a key of 2^60 bytes', { entries: [u64(2n ** 60n)] }, /claims 1152921504606846976 bytes/],
  [
    'a list of 2^50 numbers',
    { entries: [Buffer.concat([text('a.list'), u32(9), u32(4), u64(2n ** 50n)])] },
    /items of one list/,
  ],
  [
    'a list longer than the file',
    { entries: [Buffer.concat([text('a.list'), u32(9), u32(10), u64(3_000_000)])] },
    /beyond/,
  ],
  ['a list of lists', { entries: [Buffer.concat([text('a.list'), u32(9), u32(9), u64(1)])] }, /has type 9/],
  ['an unknown type of value', { entries: [Buffer.concat([text('a.key'), u32(77)])] }, /has type 77/],
  ['a key that stands twice', { entries: [...fit, textEntry('general.architecture', 'x')] }, /twice/],
  [
    'an alignment of 0',
    { entries: [Buffer.concat([text('general.alignment'), u32(4), u32(0)])] },
    /alignment/,
  ],
  ['a tensor beyond the file', { tensors: [tensor('a', [8, 5])] }, /tensor a goes beyond the file/],
  ['an offset beyond the file', { tensors: [tensor('a', [8], 0, 4_096)] }, /goes beyond the file/],
  ['an offset that is not aligned', { tensors: [tensor('a', [8], 0, 7)] }, /not aligned/],
  ['a size that overflows', { tensors: [tensor('a', [2n ** 31n, 2n ** 31n])] }, /type or shape/],
  ['an axis of 2^63', { tensors: [tensor('a', [2n ** 63n])] }, /elements of tensor a/],
  ['nine dimensions', { tensors: [tensor('a', [1, 1, 1, 1, 1, 1, 1, 1, 1])] }, /9 dimensions/],
  ['an unknown type of tensor', { tensors: [tensor('a', [8], 99)] }, /type or shape that is not known/],
  ['half a block', { tensors: [tensor('a', [33], 3)] }, /type or shape that is not known/],
  [
    'a name with escapes',
    { tensors: [tensor('\u001B[2Jevil\n', [9, 9])] },
    /^tensor \?2Jevil\? goes beyond the file$/,
  ],
])('%s is refused', async (_, parts, words) => {
  expect(await read(file(parts))).toMatch(words);
});

it('refuses every beginning of a whole file, and follows no link', async () => {
  const whole = file({});
  for (let bytes = 0; bytes < whole.length; bytes += 7)
    expect(typeof (await read(whole.subarray(0, bytes)))).toBe('string');
  const link = join(directory, 'link.gguf');
  await symlink(join(directory, 'model.gguf'), link);
  await expect(readGguf(link)).rejects.toMatchObject({ code: 'ELOOP' });
});
