/** Whether a directory is a whole checkpoint of its step, told by its files alone: layout, parts of the ranks, finite weights. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { findFault } from '../reading/reading.ts';
import type { ManifestFile } from '../manifest.ts';
import type { Recipe } from '../recipe.ts';
import { layoutOf, needsOf } from './layouts.ts';
import { joinFault, type Part } from './parts.ts';

/** HF's log history grows with the run. */
const maxStateBytes = 64 * 1024 * 1024;
const maxMetadataBytes = 64 * 1024 * 1024;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

export interface Candidate {
  readonly directory: string;
  readonly step: number;
  readonly worldSize: number;
  readonly files: readonly ManifestFile[];
  /** Null = the trainer writes none, which one rank may do. */
  readonly parts: readonly Part[] | null;
}

interface Written {
  readonly directory: string;
  readonly files: readonly Pick<ManifestFile, 'path' | 'size'>[];
}

/** Undefined when whole. Throws on I/O errors. */
export async function wholeFault(candidate: Candidate, recipe: Recipe): Promise<string | undefined> {
  const { files, parts } = candidate;
  return (
    (parts ? joinFault(parts, files) : undefined) ??
    neededFault(candidate, recipe) ??
    (await stateFault(candidate)) ??
    (await shardFault(candidate)) ??
    (await optimizerFault(candidate, recipe)) ??
    (await finiteFault(candidate))
  );
}

function neededFault({ step, worldSize, files }: Candidate, recipe: Recipe): string | undefined {
  const there = new Set(files.filter(({ size }) => size > 0).map(({ path }) => path));
  const lacking = needsOf(recipe, worldSize, step).find((need) => !need.some((path) => there.has(path)));
  return lacking && `${lacking.join(' or ')} is missing`;
}

async function stateFault({ directory, step, files }: Candidate): Promise<string | undefined> {
  const name = 'trainer_state.json';
  const size = files.find(({ path }) => path === name)?.size ?? 0;
  if (size > maxStateBytes) return `${name} is larger than ${maxStateBytes} bytes`;
  const state = asJson(await readFile(join(directory, name), 'utf8'));
  const said = (state as { global_step?: unknown } | null | undefined)?.global_step;
  if (said === step) return undefined;
  const shown = typeof said === 'number' ? `step ${said}` : 'no step';
  return `${name} says ${shown}, the save event ${step}`;
}

/** An index of shards names files: each must be there. */
export async function shardFault({ directory, files }: Written): Promise<string | undefined> {
  for (const { path, size } of files.filter((file) => file.path.endsWith('.safetensors.index.json'))) {
    const index =
      size > maxMetadataBytes
        ? undefined
        : indexSchema.safeParse(asJson(await readFile(join(directory, path), 'utf8'))).data;
    if (!index) return `${path} is not readable`;
    const lost = Object.values(index.weight_map).find((shard) => !files.some((file) => file.path === shard));
    if (lost !== undefined) return `${lost.slice(0, 100)} is missing`;
  }
  return undefined;
}

/** DCP's index is a pickle, which nobody loads here; its keys are plain text in it. */
async function optimizerFault({ directory }: Candidate, recipe: Recipe): Promise<string | undefined> {
  if (layoutOf(recipe) !== 'dcp') return undefined;
  const index = (await readFile(join(directory, '.metadata'))).subarray(0, maxMetadataBytes);
  return index.includes('optim') ? undefined : '.metadata names no optimizer';
}

export async function finiteFault({ directory, files }: Written): Promise<string | undefined> {
  for (const { path } of files.filter((file) => file.path.endsWith('.safetensors'))) {
    const fault = await findFault(join(directory, path));
    if (fault) return `${path}: ${fault}`;
  }
  return undefined;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
