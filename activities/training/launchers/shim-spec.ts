/** What a launcher tells the shim of an attempt (shim/shim.py), as `spec.json`. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { AttemptLayout } from '../layout.ts';
import type { AttemptSpec, ScopeKind } from '../launcher.ts';
import { commandLine } from './command-line.ts';
import { specSchema } from './records.ts';

export interface ShimPlace {
  /** The worker's name for the host, or the scheduler's. */
  readonly host: string;
  readonly scopeKinds?: readonly ScopeKind[] | undefined;
  readonly gpuLocks?: string | undefined;
  readonly scheduler?: z.infer<typeof specSchema>['scheduler'];
}

/** The mark and the name tell this attempt from one of the same run and epoch in another home. */
export function shimSpec(
  layout: AttemptLayout,
  spec: AttemptSpec,
  { host, scopeKinds, gpuLocks, scheduler }: ShimPlace,
): z.infer<typeof specSchema> {
  const { run, epoch, env, graceS, gpus = [] } = spec;
  return specSchema.parse({
    ...{ run, epoch, env, graceS, gpus, gpuLocks, scopeKinds, scheduler, host },
    command: commandLine(spec),
    mark: `${run}:${epoch}:${placeOf(layout)}`,
    scopeName: attemptName(layout, run, epoch),
  });
}

/** The key run:epoch as a name of a control group, a unit or a job: the same for the same directory, and for no other. */
export function attemptName(layout: AttemptLayout, run: string, epoch: number): string {
  const name = run.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 60);
  return `masgpt-${name}-${epoch}-${placeOf(layout)}`;
}

function placeOf({ directory }: AttemptLayout): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 12);
}
