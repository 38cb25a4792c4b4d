/** Whole runs with the Slurm launcher on a real cluster: what takes their place or their time costs nothing but the way back. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { withoutSlurm } from '../../support/slurm/suite.ts';
import { type Slurm, startSlurm, waitUntil } from '../../support/slurm/start-slurm.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

vi.setConfig({ testTimeout: 400_000, hookTimeout: 180_000 });

const rows = '{"messages":[]}\n';

/** The state that so many undisturbed steps lead to: the stand-in's chain of hashes. */
function undisturbed(steps: number): string {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  let state = sha256(`${rows}0`);
  for (let step = 1; step <= steps; step += 1) state = sha256(`${state}:${step}`);
  return state;
}

describe.skipIf(withoutSlurm)('a run on Slurm', () => {
  let slurm: Slurm;
  let parts: TrainingParts;
  let workers: AsyncDisposable;

  beforeAll(async () => {
    slurm = await startSlurm();
    const cluster = { kind: 'slurm', partition: 'low', conf: slurm.conf, pollS: 1, warnS: 20 } as const;
    parts = await trainingParts({
      training: {
        launchers: {
          cluster,
          brief: { ...cluster, timeLimitMin: 1 },
          wrong: { ...cluster, partition: 'nowhere' },
        },
      },
    });
    await parts.addDataset('rows', rows);
    workers = await parts.startWorkers();
  });
  afterAll(async () => {
    await workers?.[Symbol.asyncDispose]();
    await parts?.[Symbol.asyncDispose]();
    await slurm?.[Symbol.asyncDispose]();
  });

  const start = async (name: string, launcher: string, maxSteps: number, saveSteps: number) => {
    await parts.addRecipe(name, { maxSteps, saveSteps, stepS: 0.1 });
    return parts.start(name, { dataset: 'rows', recipe: name, launcher });
  };
  const attempts = (name: string) =>
    parts.database
      .selectFrom('training_attempts')
      .select(['host', 'outcome', 'resume_step', 'pid'])
      .where('run', '=', `training/${name}`)
      .orderBy('epoch')
      .execute();
  const stepped = (name: string) =>
    until(async () => (await parts.progress(name).catch(() => undefined))?.done);
  const phase = async (name: string) => (await parts.progress(name).catch(() => undefined))?.training?.phase;

  it('is preempted: saves in its grace time, waits in the queue, and ends with the weights of an undisturbed run', async () => {
    // No checkpoint by itself before the end: what it resumes from was saved on the warning.
    const handle = await start('slurm-preempted', 'cluster', 300, 1_000);
    await stepped('slurm-preempted');
    const other = await slurm.ask(
      'sbatch',
      '--parsable',
      '--partition=high',
      '--nodes=2',
      '--wrap=sleep 600',
    );
    await until(async () => (await attempts('slurm-preempted'))[0]?.outcome);
    expect(
      await until(async () => {
        const told = await phase('slurm-preempted');
        return told?.startsWith('queued') && told;
      }),
    ).toMatch(/^queued \((Resources|Priority)\)$/);
    await slurm.ask('scancel', other);
    const result = await handle.result();
    expect(await parts.finalState('slurm-preempted', result.artefact)).toBe(undisturbed(300));
    const [first, second, ...more] = await attempts('slurm-preempted');
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      host: 'slurm:cluster',
      outcome: 'preempted',
      resume_step: null,
      pid: null,
    });
    expect(second).toMatchObject({ host: 'slurm:cluster', outcome: 'completed' });
    expect(second?.resume_step).toBeGreaterThan(0);
  });

  it('saves before its time is over, and goes on in another job as often as it takes', async () => {
    const handle = await start('slurm-walltime', 'brief', 500, 1_000);
    const result = await handle.result();
    expect(await parts.finalState('slurm-walltime', result.artefact)).toBe(undisturbed(500));
    const all = await attempts('slurm-walltime');
    expect(all.length).toBeGreaterThan(1);
    expect(all.map(({ outcome }) => outcome)).toEqual([...all.slice(1).map(() => 'walltime'), 'completed']);
    // Uncounted: however often it happens, nobody is asked.
    expect((await parts.progress('slurm-walltime')).failed).toBe(0);
  });

  it('parks with Slurm’s words when it refuses the job', async () => {
    const handle = await start('slurm-refused', 'wrong', 10, 5);
    const { cause, details } = await until(async () => {
      const progress = await parts.progress('slurm-refused').catch(() => undefined);
      return progress?.state === 'needsOperator' && progress;
    });
    expect(cause).toContain('launchFailed/refused');
    expect(details).toContain('invalid partition specified: nowhere');
    await handle.executeUpdate('abort', { args: [{ reason: 'there is no such partition' }] });
    await expect(handle.result()).rejects.toThrow();
  });

  it('is paused while it waits in the queue: the job goes, no trainer ever began', async () => {
    const other = await slurm.ask(
      'sbatch',
      '--parsable',
      '--partition=high',
      '--nodes=2',
      '--wrap=sleep 600',
    );
    await waitUntil(async () => (await slurm.valueOf(other, 'JobState')) === 'RUNNING', 60);
    const handle = await start('slurm-paused', 'cluster', 10, 5);
    await until(async () => (await phase('slurm-paused'))?.startsWith('queued'));
    await handle.executeUpdate('pause');
    await until(async () => (await parts.progress('slurm-paused')).state === 'paused');
    expect(await slurm.ask('squeue', '--noheader', '--partition=low')).toBe('');
    await slurm.ask('scancel', other);
    await handle.executeUpdate('resume');
    expect(await handle.result()).toMatchObject({ state: 'succeeded', steps: 10 });
    expect((await attempts('slurm-paused')).map(({ outcome }) => outcome)).toEqual(['stopped', 'completed']);
  });

  it('is taken away by a person: it parks, with who did it, and goes on when it is told to', async () => {
    const handle = await start('slurm-cancelled', 'cluster', 100, 10);
    await until(
      async () =>
        (await parts.progress('slurm-cancelled').catch(() => undefined))?.training?.checkpoints.length,
    );
    await slurm.ask('scancel', '--me');
    const progress = await until(async () => {
      const told = await parts.progress('slurm-cancelled');
      return told.state === 'needsOperator' && told;
    });
    expect(progress.cause).toContain('stopped/scheduler');
    expect(progress.details).toContain('the scheduler says CANCELLED');
    await handle.executeUpdate('resume');
    const result = await handle.result();
    expect(await parts.finalState('slurm-cancelled', result.artefact)).toBe(undisturbed(100));
  });

  it('is watched on by a worker of another host', async () => {
    const handle = await start('slurm-handed', 'cluster', 150, 50);
    await stepped('slurm-handed');
    await workers[Symbol.asyncDispose]();
    workers = await parts.startWorkers({ training: { ...parts.workerOptions.training, host: 'another' } });
    expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 1 });
  });
});
