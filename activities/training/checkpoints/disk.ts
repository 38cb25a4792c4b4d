/** Room for the next checkpoint: a save on a full disk tears it. */
import { statfs } from 'node:fs/promises';

/** Share of the last checkpoint's size that must be free before a save. */
const marginOfLast = 1.2;

/** Undefined while there is room for another checkpoint like the last one. Pure; bytes. */
export function diskFault(freeBytes: number, lastCheckpointBytes: number): string | undefined {
  const neededBytes = Math.ceil(marginOfLast * lastCheckpointBytes);
  if (lastCheckpointBytes === 0 || freeBytes >= neededBytes) return undefined;
  return `${freeBytes} bytes are free, the next checkpoint needs ${neededBytes}`;
}

/** Bytes that an unprivileged process may still write on the file system of the path. */
export async function freeBytesAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
