/** What counts as a whole model file: its header's claims hold, and every float of every type is finite. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findFault } from '../../../activities/training/reading/reading.ts';
import { safetensors, withHeader } from '../../support/checkpoint-files.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-safetensors-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

let count = 0;
async function faultOf(bytes: Buffer): Promise<string | undefined> {
  const path = join(directory, `${(count += 1)}.safetensors`);
  await writeFile(path, bytes);
  return findFault(path);
}

/** Tensors one after the other: [dtype, shape, offsets]. */
const described = (
  data: Buffer,
  ...tensors: readonly [string, readonly number[], readonly number[]][]
): Buffer =>
  withHeader(
    JSON.stringify({
      __metadata__: { format: 'pt' },
      ...Object.fromEntries(
        tensors.map(([dtype, shape, offsets], index) => [
          `t${index}`,
          { dtype, shape, data_offsets: offsets },
        ]),
      ),
    }),
    data,
  );

it.each<[string, Buffer, string | undefined]>([
  ['whole', safetensors([1, -2.5, 0]), undefined],
  ['no tensors', withHeader('{}', Buffer.alloc(0)), undefined],
  ['NaN', safetensors([1, Number.NaN]), 'tensor w is not finite'],
  ['infinite', safetensors([-Infinity]), 'tensor w is not finite'],
  ['cut short', safetensors([1, 2, 3]).subarray(0, -4), 'tensor w lies outside the file'],
  ['empty', Buffer.alloc(0), 'shorter than its header'],
  ['a header that lies about its size', Buffer.alloc(64, 0xff), 'header longer than the file'],
  ['no JSON', safetensors([1], '{{{'), 'header is not readable'],
  ['a list', safetensors([1], '[1]'), 'header is not readable'],
  ['no shape', safetensors([1], '{"w":{"dtype":"F32","data_offsets":[0,4]}}'), 'header is not readable'],
  ['bytes at the end', Buffer.concat([safetensors([1]), Buffer.alloc(3)]), '3 bytes belong to no tensor'],
  [
    'a hole',
    described(Buffer.alloc(12), ['F32', [1], [0, 4]], ['F32', [1], [8, 12]]),
    'tensor t1 does not follow the one before it',
  ],
  [
    'an overlap',
    described(Buffer.alloc(8), ['F32', [1], [0, 4]], ['F32', [1], [2, 6]]),
    'tensor t1 does not follow the one before it',
  ],
  [
    'another shape',
    described(Buffer.alloc(8), ['F32', [3], [0, 8]]),
    'tensor t0 is not as long as its shape',
  ],
  ['an unknown type', described(Buffer.alloc(8), ['F31', [2], [0, 8]]), 'tensor t0 has the unknown type F31'],
  [
    'offsets that run backwards',
    described(Buffer.alloc(8), ['F32', [0], [4, 0]]),
    'tensor t0 lies outside the file',
  ],
  ['negative offsets', described(Buffer.alloc(8), ['F32', [0], [-4, 0]]), 'header is not readable'],
])('model file: %s', async (_name, bytes, fault) => {
  expect(await faultOf(bytes)).toBe(fault);
});

/** Bit patterns by the format's definitions, lowest byte first: the largest finite one, and those that are none. */
const patterns: readonly [string, readonly number[], readonly (readonly number[])[]][] = [
  [
    'F16',
    [0xff, 0x7b],
    [
      [0x00, 0x7c],
      [0x00, 0xfc],
      [0x01, 0x7e],
    ],
  ],
  [
    'BF16',
    [0x7f, 0x7f],
    [
      [0x80, 0x7f],
      [0x80, 0xff],
      [0xc0, 0x7f],
    ],
  ],
  [
    'F32',
    [0xff, 0xff, 0x7f, 0x7f],
    [
      [0, 0, 0x80, 0x7f],
      [0, 0, 0x80, 0xff],
      [1, 0, 0x80, 0x7f],
    ],
  ],
  [
    'F64',
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0x7f],
    [
      [0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
      [1, 0, 0, 0, 0, 0, 0xf0, 0xff],
    ],
  ],
  ['F8_E4M3', [0x7e], [[0x7f], [0xff]]],
  ['F8_E5M2', [0x7b], [[0x7c], [0xfc], [0x7f]]],
  ['F8_E8M0', [0xfe], [[0xff]]],
  ['F8_E4M3FNUZ', [0x7f], [[0x80]]],
  ['C64', [0xff, 0xff, 0x7f, 0x7f, 0, 0, 0, 0], [[0, 0, 0, 0, 0, 0, 0x80, 0x7f]]],
];

it.each(patterns)(
  '%s: the largest number is one, the others are none, wherever they stand',
  async (dtype, largest, none) => {
    const width = largest.length;
    const elements = 3 * 1024 * 1024 + 7;
    const build = (position: number, bits: readonly number[]): Buffer => {
      const data = Buffer.alloc(elements * width);
      Buffer.from(bits).copy(data, position * width);
      return described(data, [dtype, [elements], [0, data.length]]);
    };
    expect(await faultOf(build(elements - 1, largest))).toBeUndefined();
    for (const bits of none) expect(await faultOf(build(elements - 1, bits))).toBe('tensor t0 is not finite');
    expect(await faultOf(build(0, none[0] as readonly number[]))).toBe('tensor t0 is not finite');
  },
);

it('integers may have any bits, also before a float that does not begin at a multiple of its width', async () => {
  const data = Buffer.concat([Buffer.alloc(3, 0xff), safetensors([1.5]).subarray(-4)]);
  expect(await faultOf(described(data, ['U8', [3], [0, 3]], ['F32', [1], [3, 7]]))).toBeUndefined();
});
