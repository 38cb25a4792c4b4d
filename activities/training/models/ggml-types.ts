/** Sizes of GGML's tensor types: elements and bytes of a block, by the type's number. Source: gguf 0.19.0, `GGML_QUANT_SIZES`. */

const sizes: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  0: [1, 4], // F32
  1: [1, 2], // F16
  2: [32, 18], // Q4_0
  3: [32, 20], // Q4_1
  6: [32, 22], // Q5_0
  7: [32, 24], // Q5_1
  8: [32, 34], // Q8_0
  10: [256, 84], // Q2_K
  11: [256, 110], // Q3_K
  12: [256, 144], // Q4_K
  13: [256, 176], // Q5_K
  14: [256, 210], // Q6_K
  20: [32, 18], // IQ4_NL
  23: [256, 136], // IQ4_XS
  24: [1, 1], // I8
  25: [1, 2], // I16
  26: [1, 4], // I32
  27: [1, 8], // I64
  28: [1, 8], // F64
  30: [1, 2], // BF16
};

/** Undefined for a type that is not known, an empty axis, a first axis that is no multiple of its blocks, or a size beyond 2^53. */
export function tensorBytes(type: number, shape: readonly number[]): number | undefined {
  const size = sizes[type];
  const [first = 0] = shape;
  if (!size || first % size[0] !== 0 || shape.some((axis) => axis < 1)) return undefined;
  const bytes = shape.reduce((product, axis) => product * axis, 1) * (size[1] / size[0]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
