/** The files of a dataset as they are written: blobs with their sizes and rows, in the order in which they came. */
import type { Blobs } from '../../storage/blobs.ts';
import type { CardFile } from '../card.ts';

export interface WrittenFiles {
  /** `rows`: of data files. */
  put(name: string, data: string | Uint8Array, rows?: number): Promise<string>;
  readonly files: Readonly<Record<string, CardFile>>;
}

export function createWrittenFiles(blobs: Blobs): WrittenFiles {
  const files: Record<string, CardFile> = {};
  return {
    files,
    async put(name, data, rows) {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      const sha256 = await blobs.put(bytes);
      files[name] = { sha256, bytes: bytes.byteLength, rows: rows ?? null };
      return sha256;
    },
  };
}
