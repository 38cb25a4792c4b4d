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
  /** In a scheduler's job, which has no scope or session of the shim's own: names of the job's variables for the trainer. */
  scheduler: z.object({ kind: z.literal('slurm'), passedOn: z.array(z.string()) }).optional(),
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

/** Which job has the attempt, once and for all (shim/job_claim.py). */
export const jobClaimSchema = z.object({
  job: z.string().regex(/^\d{1,20}$/),
  restarts: z.number().int(),
  node: z.string().max(255),
  /** Seconds since 1970. */
  at: z.number(),
});
export type JobClaim = z.infer<typeof jobClaimSchema>;

export const submittedSchema = z.object({ job: z.string().regex(/^\d{1,20}$/) });

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
