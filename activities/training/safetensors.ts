/** Reads a safetensors file as data: header limits, then every float is checked to be finite. Nothing is executed. */
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';

const maxHeaderBytes = 100 * 1024 * 1024;
const chunkBytes = 4 * 1024 * 1024;

const tensorSchema = z.object({ dtype: z.string(), data_offsets: z.tuple([z.number(), z.number()]) });

/** The exponent bits of each float type: all set = infinite or not a number. Other types are integers. */
const exponents: Readonly<Record<string, { readonly bytes: 2 | 4 | 8; readonly mask: number }>> = {
  F16: { bytes: 2, mask: 0x7c00 },
  BF16: { bytes: 2, mask: 0x7f80 },
  F32: { bytes: 4, mask: 0x7f800000 },
  F64: { bytes: 8, mask: 0x7ff00000 },
};

/** Undefined when the file is whole and all finite, else what is wrong with it. */
export async function findFault(path: string): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const prefix = await readAt(file, 0, 8);
    if (prefix.length < 8) return 'shorter than its header';
    const headerBytes = Number(prefix.readBigUInt64LE(0));
    if (headerBytes > Math.min(maxHeaderBytes, size - 8)) return 'header longer than the file';
    const header = parseHeader((await readAt(file, 8, headerBytes)).toString('utf8'));
    if (!header) return 'header is not readable';
    for (const [name, { dtype, data_offsets: offsets }] of header) {
      const [from, to] = [8 + headerBytes + offsets[0], 8 + headerBytes + offsets[1]];
      if (to > size || from > to) return `tensor ${name} lies outside the file`;
      if (!(await isFinite(file, from, to, dtype))) return `tensor ${name} is not finite`;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

function parseHeader(text: string): [string, z.infer<typeof tensorSchema>][] | undefined {
  try {
    const { __metadata__: _, ...tensors } = JSON.parse(text) as Record<string, unknown>;
    return Object.entries(z.record(z.string(), tensorSchema).parse(tensors));
  } catch {
    return undefined;
  }
}

async function isFinite(file: FileHandle, from: number, to: number, dtype: string): Promise<boolean> {
  const exponent = exponents[dtype];
  if (!exponent) return true;
  const { bytes, mask } = exponent;
  for (let at = from; at < to; at += chunkBytes) {
    const chunk = await readAt(file, at, Math.min(chunkBytes, to - at));
    for (let index = 0; index + bytes <= chunk.length; index += bytes) {
      // The exponent sits in the highest word of a little-endian float.
      const word = bytes === 2 ? chunk.readUInt16LE(index) : chunk.readUInt32LE(index + bytes - 4);
      if ((word & mask) === mask) return false;
    }
  }
  return true;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
