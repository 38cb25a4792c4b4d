/**
 * Reads a safetensors file as data: the header's claims are checked against the file, then every float is checked to be
 * finite. Nothing is executed. Format: https://huggingface.co/docs/safetensors (little-endian, the header is JSON, the
 * tensors cover the rest of the file without holes).
 */
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { isFiniteChunk, tensorTypes } from './tensor-types.ts';

const maxHeaderBytes = 100 * 1024 * 1024;
const chunkBytes = 4 * 1024 * 1024;

const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const tensorSchema = z.object({
  dtype: z.string(),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});
type Tensor = z.infer<typeof tensorSchema> & { readonly name: string };

/** Undefined when the file is whole and all finite, else what is wrong with it. Throws on I/O errors. */
export async function findFaultHere(path: string): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { size: fileBytes } = await file.stat();
    const prefix = await readInto(file, Buffer.alloc(8), 0);
    if (prefix.length < 8) return 'shorter than its header';
    const headerBytes = Number(prefix.readBigUInt64LE(0));
    if (headerBytes > Math.min(maxHeaderBytes, fileBytes - 8)) return 'header longer than the file';
    const header = parseHeader((await readInto(file, Buffer.alloc(headerBytes), 8)).toString('utf8'));
    if (!header) return 'header is not readable';
    const start = 8 + headerBytes;
    return claimFault(header, fileBytes - start) ?? (await firstNotFinite(file, start, header));
  } finally {
    await file.close();
  }
}

function parseHeader(text: string): Tensor[] | undefined {
  try {
    const { __metadata__: _, ...tensors } = JSON.parse(text) as Record<string, unknown>;
    return Object.entries(z.record(z.string(), tensorSchema).parse(tensors))
      .map(([name, tensor]) => ({ ...tensor, name: name.slice(0, 100) }))
      .toSorted((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  } catch {
    return undefined;
  }
}

/** Tensors lie one after the other, each as long as its shape and type say, up to the last byte. */
function claimFault(tensors: readonly Tensor[], dataBytes: number): string | undefined {
  let at = 0;
  for (const {
    name,
    dtype,
    shape,
    data_offsets: [from, to],
  } of tensors) {
    const bits = tensorTypes.get(dtype)?.bits;
    if (bits === undefined) return `tensor ${name} has the unknown type ${dtype.slice(0, 20)}`;
    if (to > dataBytes || from > to) return `tensor ${name} lies outside the file`;
    if (from !== at) return `tensor ${name} does not follow the one before it`;
    const elements = shape.reduce((product, length) => product * length, 1);
    if (Math.ceil((elements * bits) / 8) !== to - from) return `tensor ${name} is not as long as its shape`;
    at = to;
  }
  return at === dataBytes ? undefined : `${dataBytes - at} bytes belong to no tensor`;
}

async function firstNotFinite(
  file: FileHandle,
  start: number,
  tensors: readonly Tensor[],
): Promise<string | undefined> {
  const buffer = Buffer.from(new ArrayBuffer(chunkBytes));
  for (const {
    name,
    dtype,
    data_offsets: [from, to],
  } of tensors) {
    const type = tensorTypes.get(dtype);
    if (!type?.special) continue;
    for (let at = from; at < to; at += chunkBytes) {
      const chunk = await readInto(file, buffer.subarray(0, Math.min(chunkBytes, to - at)), start + at);
      if (!isFiniteChunk(chunk, type.special)) return `tensor ${name} is not finite`;
    }
  }
  return undefined;
}

/** Shorter than the buffer at the file's end alone. */
async function readInto(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
