/**
 * The blobs that can be reached from some texts: every word of 64 hexadecimal digits counts as an address, in texts and in
 * the blobs that they name. Conservative: a blob may be kept that nobody needs, none is lost that somebody names.
 */
import { readFile } from 'node:fs/promises';
import type { BlobFile } from '../storage/blob-files.ts';

/** Larger ones are models and tables: they name no blobs. */
const maxScannedBytes = 64 * 1024 * 1024;
const address = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;

export function addressesIn(text: string): string[] {
  return text.match(address) ?? [];
}

/** `files`: all blobs by address. */
export async function reachableBlobs(
  files: ReadonlyMap<string, BlobFile>,
  roots: Iterable<string>,
): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  const queue = [...roots];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const file = files.get(next);
    if (!file || reached.has(next)) continue;
    reached.add(next);
    if (file.bytes <= maxScannedBytes) queue.push(...addressesIn(await readFile(file.path, 'latin1')));
  }
  return reached;
}
