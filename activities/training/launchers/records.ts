/** The records that the shim and its launcher exchange in an attempt's directory; shapes as in shim/shim.py. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { scopeKinds } from '../launcher.ts';

export const specSchema = z.object({
  run: z.string(),
  epoch: z.number().int(),
  command: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
  graceS: z.number(),
  /** The worker's name for this host. */
  host: z.string(),
  gpus: z.array(z.string().regex(/^[A-Za-z0-9-]{1,64}$/)),
  gpuLocks: z.string().optional(),
  scopeKinds: z.array(z.enum(scopeKinds)).optional(),
  /** Value of MASGPT_ATTEMPT in every process of the attempt. */
  mark: z.string(),
  scopeName: z.string().regex(/^masgpt-[A-Za-z0-9-]{1,120}$/),
});

export const scopeSchema = z.object({
  kind: z.enum(scopeKinds),
  group: z.string().nullable(),
  container: z.boolean(),
});

export const identitySchema = z.object({
  host: z.string(),
  bootId: z.string(),
  pidNamespace: z.number().int(),
  pid: z.number().int().min(2),
  startTicks: z.string(),
  trainerPid: z.number().int(),
  scope: scopeSchema,
});

export const exitSchema = z.object({
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  oomKills: z.number().int(),
  /** Seconds since 1970. */
  endedAt: z.number(),
  reason: z.string().nullable(),
});

/** Absent files read as undefined; they are written whole, so that a broken one is a defect. */
export async function readRecord<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}
