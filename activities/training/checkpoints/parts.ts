/** Each rank's part of a checkpoint's manifest (`output/parts/STEP.RANK.json`), and whether together they are the directory. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import type { ManifestFile } from '../manifest.ts';
import { absent } from './confine.ts';

const maxPartBytes = 16 * 1024 * 1024;

const partSchema = z.object({
  v: z.literal(1),
  step: z.number().int().nonnegative(),
  rank: z.number().int().nonnegative(),
  worldSize: z.number().int().positive(),
  files: z
    .array(
      z.object({ path: z.string().min(1).max(1_024).refine(isInside), size: z.number().int().nonnegative() }),
    )
    .max(100_000),
});
export type Part = z.infer<typeof partSchema>;

export type Parts =
  /** Null = the trainer writes none, which one rank may do. */
  | { readonly kind: 'whole'; readonly parts: readonly Part[] | null }
  /** Ranks that have not written theirs yet. */
  | { readonly kind: 'waiting'; readonly missing: readonly number[] }
  | { readonly kind: 'broken'; readonly fault: string };

/** Throws on I/O errors other than a missing file. */
export async function readParts(directory: string, step: number, worldSize: number): Promise<Parts> {
  const parts: Part[] = [];
  const missing: number[] = [];
  for (let rank = 0; rank < worldSize; rank += 1) {
    const text = await readCapped(join(directory, `${step}.${rank}.json`));
    if (text === undefined) missing.push(rank);
    else {
      const part = parsePart(text);
      if (part?.rank !== rank || part.step !== step || part.worldSize !== worldSize)
        return { kind: 'broken', fault: `the part of rank ${rank} is not valid` };
      parts.push(part);
    }
  }
  return missing.length > 0 ? { kind: 'waiting', missing } : { kind: 'whole', parts };
}

/** The union of the parts is the directory: each file in exactly one part, with the size that its rank wrote. */
export function joinFault(parts: readonly Part[], files: readonly ManifestFile[]): string | undefined {
  const owners = new Map<string, { readonly rank: number; readonly size: number }>();
  for (const { rank, files: named } of parts) {
    for (const { path, size } of named) {
      const other = owners.get(path);
      if (other) return `${path} is in the parts of rank ${other.rank} and rank ${rank}`;
      owners.set(path, { rank, size });
    }
  }
  for (const { path, size } of files) {
    const owner = owners.get(path);
    if (!owner) return `${path} is in no rank's part`;
    if (owner.size !== size) return `${path} has ${size} bytes, rank ${owner.rank} wrote ${owner.size}`;
    owners.delete(path);
  }
  const [lost] = owners;
  return lost && `${lost[0]} of rank ${lost[1].rank} is missing`;
}

function parsePart(text: string): Part | undefined {
  try {
    return partSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Undefined when absent; what is too long or no file reads as empty, which is no part. */
async function readCapped(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    absent,
  );
  if (!file) return undefined;
  try {
    const found = await file.stat();
    return found.isFile() && found.size <= maxPartBytes ? await file.readFile('utf8') : '';
  } finally {
    await file.close();
  }
}

function isInside(path: string): boolean {
  return !isAbsolute(path) && normalize(path) === path && path.split('/')[0] !== '..' && path !== '.';
}
