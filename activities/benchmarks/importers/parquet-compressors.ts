/** Decompressors of parquet pages whose output is bounded: each page, and all pages of one row group together. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { compressors as upstream } from 'hyparquet-compressors';

/** gzip and brotli are Node's, which stop at a bound; the others are given their output's size. */
export function boundedCompressors(maxBytes: number): Compressors {
  let left = maxBytes;
  const bounded =
    (expand: (page: Uint8Array, bytes: number) => Uint8Array) =>
    (page: Uint8Array, bytes: number): Uint8Array => {
      if (!(bytes >= 0 && bytes <= left)) throw new Error(`its pages expand to more than ${maxBytes} bytes`);
      left -= bytes;
      return expand(page, bytes);
    };
  const node: Compressors = {
    GZIP: (page, bytes) => gunzipSync(page, { maxOutputLength: Math.max(1, bytes) }),
    BROTLI: (page, bytes) => brotliDecompressSync(page, { maxOutputLength: Math.max(1, bytes) }),
  };
  return Object.fromEntries(
    Object.entries({ ...upstream, ...node }).map(([codec, expand]) => [codec, bounded(expand)]),
  );
}
