/** Manifests: what files a directory holds, by size and sha256. Their canonical digest is what the database vouches for. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { canonicalHash } from '../storage/canonical-json.ts';
import { hashFile } from './reading/reading.ts';

export { hashFile };

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

const maxFiles = 100_000;

/** What has no place in a checkpoint or a model. */
export class UnfitFile extends Error {
  override readonly name = 'UnfitFile';
}

export function manifestDigest(manifest: unknown): string {
  return canonicalHash(manifest);
}

/**
 * Every file below the directory, hashed as a stream, in the order of their paths. Throws `UnfitFile` for what is neither
 * file nor directory (a link leads elsewhere, a pipe never ends) and for more than 100,000 entries.
 */
export async function hashFiles(directory: string): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  for (const path of await listFiles(directory))
    files.push({ path, ...(await hashFile(join(directory, path))) });
  return files;
}

/** Their paths below the directory, in order; throws as `hashFiles` does. */
export async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  if (entries.length > maxFiles) throw new UnfitFile(`more than ${maxFiles} files`);
  const paths: string[] = [];
  for (const entry of entries) {
    const path = relative(directory, join(entry.parentPath, entry.name));
    if (entry.isFile()) paths.push(path);
    else if (!entry.isDirectory()) throw new UnfitFile(`${path} is neither a file nor a directory`);
  }
  return paths.toSorted();
}
