/** The bytes of a text file, expanded when it is gzip. What it expands to is bounded, as a sum and against its size. */
import { createGunzip } from 'node:zlib';
import { failure } from '../../failure.ts';
import { type ForeignFile, kindOf } from './foreign-file.ts';

export const maxExpandedBytes = 4 * 1024 ** 3;
/** Of what was read so far: text compresses 3 to 10 times. Below 64 MB nothing is asked. */
const maxRatio = 200;
export const unsuspiciousBytes = 64 * 1024 ** 2;

/** Throws `Input.Invalid` for half a gzip file, one that expands too far, and one with no text in it. */
export async function* expand(file: ForeignFile): AsyncGenerator<Buffer> {
  const { path, handle, size, kind } = file;
  const source = handle.createReadStream({ start: 0, autoClose: false });
  if (kind !== 'gzip') {
    for await (const chunk of source) yield chunk as Buffer;
    return;
  }
  const gunzip = createGunzip();
  source.once('error', (error) => gunzip.destroy(error));
  let expanded = 0;
  try {
    for await (const part of source.pipe(gunzip)) {
      const chunk = part as Buffer;
      if (expanded === 0 && kindOf(chunk.subarray(0, 512), path) !== 'text')
        throw failure('Input.Invalid', `${path} is a compressed file within gzip: unpack it first`);
      expanded += chunk.length;
      const packed = Math.min(size, source.bytesRead);
      if (expanded > maxExpandedBytes || (expanded > unsuspiciousBytes && expanded > packed * maxRatio))
        throw failure(
          'Input.Invalid',
          `${path} expands to more than ${expanded} bytes from ${packed}: refused`,
        );
      yield chunk;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_'))
      throw failure('Input.Invalid', `${path} is not a whole gzip file: ${(error as Error).message}`);
    throw error;
  } finally {
    source.destroy();
  }
}
