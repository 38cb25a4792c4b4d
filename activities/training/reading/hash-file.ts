/** A file's size and sha256, as a stream. Follows no link, and waits for no pipe. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

export interface HashedFile {
  readonly size: number;
  readonly sha256: string;
}

const chunkBytes = 1024 * 1024;

export async function hashFileHere(path: string): Promise<HashedFile> {
  // Between a listing and this a link or a pipe may have taken the file's place.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, size);
      if (bytesRead === 0) return { size, sha256: hash.digest('hex') };
      hash.update(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}
