/** Manifests: what files a directory holds, by size and sha256. Their canonical digest is what the database vouches for. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { canonicalHash } from '../storage/canonical-json.ts';

export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly v: 1;
  readonly run: string;
  readonly epoch: number;
  readonly step: number;
  readonly worldSize: number;
  readonly files: readonly ManifestFile[];
  /** Checked: every float of every safetensors file is finite. */
  readonly finite: boolean;
  readonly configSha: string;
  readonly dataSha: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly parentStep: number | null;
}

export function manifestDigest(manifest: Manifest): string {
  return canonicalHash(manifest);
}

/** Every regular file below the directory, hashed as a stream, in the order of their paths. */
export async function hashFiles(directory: string): Promise<ManifestFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .toSorted();
  const files: ManifestFile[] = [];
  for (const path of paths) {
    const full = join(directory, path);
    files.push({ path, size: (await stat(full)).size, sha256: await hashFile(full) });
  }
  return files;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
