/**
 * The types of safetensors: bits per element, and what is not finite in each. Floats with an infinity have all exponent
 * bits set there (IEEE 754); E4M3 has no infinity, its NaN is all ones; FNUZ has one NaN, the negative zero's bits; E8M0 is
 * 0xff. The 4- and 6-bit floats have neither.
 */

/** The word that tells: `stride` words of `bytes` per element, of which the last is looked at. */
export interface Special {
  readonly bytes: 1 | 2 | 4;
  readonly stride: 1 | 2;
  readonly mask: number;
  /** Not finite when `word & mask` is this. */
  readonly value: number;
}

export interface TensorType {
  readonly bits: number;
  /** Absent where every bit pattern is a number. */
  readonly special?: Special;
}

const float32: Special = { bytes: 4, stride: 1, mask: 0x7f800000, value: 0x7f800000 };

export const tensorTypes: ReadonlyMap<string, TensorType> = new Map<string, TensorType>([
  ...['BOOL', 'U8', 'I8'].map((name) => [name, { bits: 8 }] as const),
  ...['U16', 'I16'].map((name) => [name, { bits: 16 }] as const),
  ...['U32', 'I32'].map((name) => [name, { bits: 32 }] as const),
  ...['U64', 'I64'].map((name) => [name, { bits: 64 }] as const),
  ['F4', { bits: 4 }],
  ...['F6_E2M3', 'F6_E3M2'].map((name) => [name, { bits: 6 }] as const),
  ['F8_E4M3', { bits: 8, special: { bytes: 1, stride: 1, mask: 0x7f, value: 0x7f } }],
  ['F8_E5M2', { bits: 8, special: { bytes: 1, stride: 1, mask: 0x7c, value: 0x7c } }],
  ['F8_E8M0', { bits: 8, special: { bytes: 1, stride: 1, mask: 0xff, value: 0xff } }],
  ...['F8_E4M3FNUZ', 'F8_E5M2FNUZ'].map(
    (name) => [name, { bits: 8, special: { bytes: 1, stride: 1, mask: 0xff, value: 0x80 } }] as const,
  ),
  ['F16', { bits: 16, special: { bytes: 2, stride: 1, mask: 0x7c00, value: 0x7c00 } }],
  ['BF16', { bits: 16, special: { bytes: 2, stride: 1, mask: 0x7f80, value: 0x7f80 } }],
  ['F32', { bits: 32, special: float32 }],
  // Real and imaginary part are looked at alike.
  ['C64', { bits: 64, special: float32 }],
  // Of a little-endian double, the exponent sits in the second word.
  ['F64', { bits: 64, special: { bytes: 4, stride: 2, mask: 0x7ff00000, value: 0x7ff00000 } }],
]);

/** Whether no element of the chunk is special. The chunk begins at an element and at a multiple of 8 of its memory. */
export function isFiniteChunk(chunk: Buffer, { bytes, stride, mask, value }: Special): boolean {
  const words = wordsOf(chunk, bytes);
  for (let index = stride - 1; index < words.length; index += stride) {
    if (((words[index] as number) & mask) === value) return false;
  }
  return true;
}

function wordsOf(chunk: Buffer, bytes: 1 | 2 | 4): Uint8Array | Uint16Array | Uint32Array {
  const { buffer, byteOffset, length } = chunk;
  if (bytes === 1) return chunk;
  return bytes === 2
    ? new Uint16Array(buffer, byteOffset, length >> 1)
    : new Uint32Array(buffer, byteOffset, length >> 2);
}
