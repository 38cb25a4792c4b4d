/**
 * Launcher for a Slurm cluster. The attempt's directory is on a file system that the worker and the nodes share: what the shim
 * recorded there goes first, Slurm is asked when that says nothing. Any worker with this launcher in its config may watch.
 */
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../failure.ts';
import { type AttemptLayout, writeWhole } from '../layout.ts';
import type { AttemptSpec, Launcher } from '../launcher.ts';
import { exitSchema, identitySchema, jobClaimSchema, readRecord, submittedSchema } from './records.ts';
import { attemptName, type ShimPlace, shimSpec } from './shim-spec.ts';
import type { SlurmCommands } from './slurm/commands.ts';
import { createObserver } from './slurm/observe.ts';
import { jobsNamed, type SlurmSettings, submit } from './slurm/submission.ts';

export interface SlurmLauncherOptions {
  readonly commands: SlurmCommands;
  readonly settings: SlurmSettings;
  /** Seconds between two questions about one job. */
  readonly pollS: number;
}

/** Of a job, for its trainer; the GPUs where some were asked for. */
const passedOn = ['TMPDIR', 'SLURM_JOB_ID'];
const passedOnWithGpus = [...passedOn, 'CUDA_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL'];
/** From the whole job's KILL to its record as ended: KillWait, an epilog, a controller that is busy. */
const killedWithinS = 120;
const lookMs = 500;

export function hostOfSlurm(name: string): string {
  return `slurm:${name}`;
}

export function createSlurmLauncher({ commands, settings, pollS }: SlurmLauncherOptions): Launcher {
  const observer = createObserver({ commands, pollS, warnS: settings.warnS });
  const placeOf = ({ wantedGpus }: AttemptSpec): ShimPlace => ({
    host: hostOfSlurm(settings.name),
    // A group beside the job's own would be out of Slurm's reach.
    scopeKinds: ['session'],
    scheduler: { kind: 'slurm', passedOn: wantedGpus ? passedOnWithGpus : passedOn },
  });

  const untilDead = async (layout: AttemptLayout, limitS: number): Promise<boolean> => {
    const deadline = performance.now() + limitS * 1000;
    while (performance.now() < deadline) {
      const { status } = await observer.observe(layout, { eager: true });
      if (status === 'ended' || status === 'gone') return true;
      await sleep(lookMs);
    }
    return false;
  };
  const cancel = async (jobs: readonly string[], args: readonly string[] = []): Promise<void> => {
    // One that has ended meanwhile is refused, which is as good.
    for (const job of jobs) await commands.run('scancel', [...args, job]);
  };

  return {
    async launch(layout, spec) {
      const begun =
        (await readRecord(layout.jobClaim, jobClaimSchema)) ??
        (await readRecord(layout.submitted, submittedSchema));
      if (begun) return null;
      await mkdir(layout.directory, { recursive: true });
      await writeWhole(layout.spec, JSON.stringify(shimSpec(layout, spec, placeOf(spec))));
      const name = attemptName(layout, spec.run, spec.epoch);
      const [known] = await jobsNamed(commands, name);
      const job = known ?? (await submit(commands, settings, { name, layout, spec }));
      await writeWhole(layout.submitted, JSON.stringify({ job }));
      return null;
    },

    observe: (layout) => observer.observe(layout, { eager: false }),

    async stop(layout, run, epoch, graceS) {
      if (await readRecord(layout.exit, exitSchema)) return;
      const named = await jobsNamed(commands, attemptName(layout, run, epoch));
      const claim = await readRecord(layout.jobClaim, jobClaimSchema);
      const submitted = await readRecord(layout.submitted, submittedSchema);
      const jobs = [
        ...new Set([...named, ...[claim?.job, submitted?.job].filter((job) => job !== undefined)]),
      ];
      // A submission that is still under way starts nothing: its epoch is below the lease by then.
      if (jobs.length === 0) return;
      if (await readRecord(layout.identity, identitySchema)) {
        await writeWhole(layout.stop, JSON.stringify({ graceS }));
        // To the shim alone, which lets its trainer save.
        await cancel([claim?.job ?? (jobs[0] as string)], ['--signal=TERM', '--batch']);
        if (await untilDead(layout, graceS + 15)) return;
      }
      await cancel(jobs);
      if (await untilDead(layout, killedWithinS)) return;
      throw failure(
        'Training.HostUnknown',
        `Slurm does not say that job ${jobs.join(', ')} of ${run}:${epoch} has ended`,
      );
    },
  };
}
