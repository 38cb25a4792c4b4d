/** The Slurm launcher on a real cluster of two nodes on loopback: jobs, their claims, and every way in which one ends. */
import { access, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { verdictOfScheduler } from '../../../../../activities/training/classifying/scheduler-word.ts';
import { checkLauncher } from '../../../../../clients/dev/check-launcher.ts';
import { launchersSchema } from '../../../../../workers/config/launchers.ts';
import { createSlurmCommands } from '../../../../../activities/training/launchers/slurm/commands.ts';
import { lives, python, soon } from '../../../../support/local-attempts.ts';
import { type SlurmAttempts, slurmAttempts } from '../../../../support/slurm/slurm-attempts.ts';
import { type Slurm, startSlurm, waitUntil } from '../../../../support/slurm/start-slurm.ts';
import { withoutSlurm } from '../../../../support/slurm/suite.ts';

const shimScript = fileURLToPath(new URL('../../../../../activities/training/shim/shim.py', import.meta.url));

/** Slurm takes its time: 18 s to say that a controller does not answer. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

describe.skipIf(withoutSlurm)('an attempt in a Slurm job', () => {
  let slurm: Slurm;
  let attempts: SlurmAttempts;

  beforeAll(async () => {
    slurm = await startSlurm();
  });
  afterAll(() => slurm?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    attempts = await slurmAttempts(slurm);
  });
  afterEach(async () => {
    await slurm.ask('scancel', '--me');
    await waitUntil(async () => (await slurm.ask('squeue', '--noheader')) === '', 60);
    await attempts[Symbol.asyncDispose]();
  });

  const began = (): Promise<number> =>
    soon(async () => {
      const [pid] = await attempts.begun();
      if (pid === undefined) throw new Error('no trainer has begun');
      return pid;
    }, 60);
  /** All nodes taken by jobs that nothing may displace. */
  const occupy = async (): Promise<void> => {
    await slurm.ask('sbatch', '--partition=high', '--nodes=2', '--wrap=sleep 600');
    await waitUntil(async () => (await slurm.ask('sinfo', '-h', '-p', 'low', '-o', '%t')) === 'alloc', 60);
  };
  const wordOf = (status: { readonly scheduler?: { readonly state: string } }) =>
    status.scheduler && verdictOfScheduler(status.scheduler)?.class;

  it('runs in its job with nothing of the submitter’s environment, and ends with its record', async () => {
    process.env['MASGPT_SECRET'] = 'of the worker';
    const job = await attempts.launch('print(sorted(os.environ)); beat(2); sys.exit(3)');
    delete process.env['MASGPT_SECRET'];
    expect(
      await attempts.launcher.launch(attempts.layout(1), {
        run: 'training/slurm',
        epoch: 1,
        graceS: 2,
        env: {},
        command: ['false'],
      }),
    ).toBeNull();
    const ended = await attempts.until('ended');
    expect(ended.exit).toMatchObject({ code: 3, reason: null });
    expect(await attempts.begun()).toHaveLength(1);
    const log = await readFile(attempts.layout(1).log, 'utf8');
    expect(log).toContain("'SLURM_JOB_ID'");
    expect(log).not.toContain('MASGPT_SECRET');
    expect(log).not.toContain('SLURM_CONF');
    const identity = JSON.parse(await readFile(attempts.layout(1).identity, 'utf8')) as { host: string };
    expect(identity.host).toBe(await slurm.valueOf(job, 'BatchHost'));
  });

  it('starts one trainer for two jobs of one key', async () => {
    await occupy();
    const first = await attempts.launch('beat(8)');
    // The record of the submission is lost: the job is found by its name.
    await rm(attempts.layout(1).submitted);
    expect(await attempts.launch('beat(8)')).toBe(first);
    // And had the query missed it, a second job of the same key would begin beside it, on the other node.
    const name = `--job-name=${await slurm.valueOf(first, 'JobName')}`;
    const command = `exec ${python} ${shimScript} ${attempts.layout(1).directory}`;
    const second = await slurm.ask('sbatch', '--parsable', name, `--wrap=${command}`);
    await slurm.ask('scancel', '--partition=high', '--me');
    expect((await attempts.until('ended')).exit.code).toBe(0);
    const codes = async (): Promise<string[]> =>
      (await Promise.all([first, second].map((job) => slurm.valueOf(job, 'ExitCode')))).toSorted();
    await waitUntil(async () => (await codes()).join() === '0:0,75:0', 60);
    expect(await attempts.begun()).toHaveLength(1);
  });

  it('waits in the queue with the reason, and is cancelled there without having begun', async () => {
    await occupy();
    const job = await attempts.launch('beat(60)');
    expect(await attempts.until('queued')).toEqual({
      status: 'queued',
      reason: expect.stringMatching(/^(Resources|Priority)$/),
    });
    await slurm.ask('scontrol', 'hold', job);
    await waitUntil(
      async () => ((await attempts.observe()) as { reason?: string }).reason?.startsWith('JobHeld') === true,
      30,
    );
    await attempts.stop(2);
    expect(await attempts.observe()).toMatchObject({ status: 'gone', scheduler: { state: 'CANCELLED' } });
    expect(await attempts.begun()).toEqual([]);
  });

  it('is stopped with its time to save, and the job ends with it', async () => {
    const job = await attempts.launch(
      'signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), open("saved", "w").close(), os._exit(0))); beat(60)',
    );
    const pid = await began();
    await attempts.stop(10);
    expect(await attempts.observe()).toMatchObject({ status: 'ended', exit: { code: 0, reason: 'stopped' } });
    await access(`${attempts.layout(1).directory}/saved`);
    expect(await lives(pid)).toBe(false);
    await waitUntil(async () => (await slurm.valueOf(job, 'JobState')) === 'COMPLETED', 30);
  });

  it('that a person cancels is told as that', async () => {
    const job = await attempts.launch('beat(60)');
    await began();
    await slurm.ask('scancel', job);
    const ended = await attempts.until('ended', 'gone');
    expect(ended.scheduler?.state).toBe('CANCELLED');
    expect(wordOf(ended)).toBe('stopped');
  });

  it('that is queued again is over: the second start finds it claimed', async () => {
    const job = await attempts.launch('signal.signal(signal.SIGTERM, signal.SIG_IGN); beat(60)');
    const pid = await began();
    await slurm.ask('scontrol', 'update', `job=${job}`, 'requeue=1');
    await slurm.ask('scontrol', 'requeue', job);
    const ended = await attempts.until('gone', 'ended');
    expect(wordOf(ended)).toBe('preempted');
    expect(await lives(pid)).toBe(false);
    expect(await attempts.begun()).toHaveLength(1);
  });

  it('on a node that is lost is gone by Slurm’s word, once nothing comes from it', async () => {
    const job = await attempts.launch(
      'signal.signal(signal.SIGTERM, signal.SIG_IGN); beat(25); time.sleep(600)',
    );
    const pid = await began();
    const node = (await slurm.valueOf(job, 'BatchHost')) as 'n1' | 'n2';
    await slurm.killNode(node);
    // Slurm calls it lost while its trainer lives on: that is not believed.
    await waitUntil(async () => (await slurm.valueOf(job, 'JobState')) === 'NODE_FAIL', 120);
    if (await lives(pid)) expect((await attempts.observe()).status).toBe('alive');
    const { shim } = await soon(async () => {
      const text = await readFile(attempts.layout(1).identity, 'utf8');
      return { shim: (JSON.parse(text) as { pid: number }).pid };
    });
    process.kill(shim, 'SIGKILL');
    const gone = await attempts.until('gone');
    expect(wordOf(gone)).toBe('nodeLost');
    await slurm.startNode(node);
    await waitUntil(
      async () => (await slurm.ask('sinfo', '-h', '-p', 'low', '-o', '%t %D')) === 'idle 2',
      120,
    );
  });

  it('is unknown, or alive by its own events, while the controller is away', async () => {
    await attempts.launch('beat(300)');
    await began();
    await using other = await slurmAttempts(slurm);
    await slurm.ask('sbatch', '--partition=high', '--nodes=1', '--wrap=sleep 600');
    await waitUntil(async () => (await slurm.ask('sinfo', '-h', '-p', 'low', '-o', '%t')) === 'alloc', 60);
    await other.launch('beat(60)');
    await other.until('queued');
    await slurm.stopController();
    expect((await other.until('unknown')).why).toMatch(/Unable to contact|connect/i);
    await expect(other.stop(1)).rejects.toMatchObject({ type: 'Training.HostUnknown' });
    expect(await attempts.observe()).toEqual({ status: 'alive' });
    await using late = await slurmAttempts(slurm);
    await expect(late.launch('beat(1)')).rejects.toMatchObject({ type: 'Training.HostUnknown' });
    await slurm.startController();
    expect((await other.until('queued')).reason).not.toBe('');
    expect(await attempts.observe()).toEqual({ status: 'alive' });
    // The same key again.
    await late.launch('beat(1)');
    expect(await attempts.begun()).toHaveLength(1);
  });

  it('has a cluster that `masgpt doctor` looks at', async () => {
    const check = (partition: string, env = process.env) =>
      checkLauncher(
        [
          'one',
          launchersSchema.parse({ one: { kind: 'slurm', partition, conf: slurm.conf } })['one'] as never,
        ],
        env,
      );
    expect(await check('low')).toMatchObject({ name: 'launcher one', ok: true });
    expect(await check('nowhere')).toMatchObject({ ok: false, remedy: expect.stringContaining('sinfo') });
    expect(await check('low', { PATH: '/nowhere' })).toMatchObject({
      remedy: expect.stringContaining('slurm-client'),
    });
  });

  it('is refused in Slurm’s words', async () => {
    const wrong = await slurmAttempts(slurm, { partition: 'nowhere' });
    await expect(wrong.launch('beat(1)')).rejects.toMatchObject({
      type: 'Training.LaunchFailed',
      message: expect.stringContaining('invalid partition specified: nowhere'),
    });
    expect(await slurm.ask('squeue', '--noheader')).toBe('');
    await wrong[Symbol.asyncDispose]();
  });

  it('that no node can begin failed to launch', async () => {
    const broken = await slurmAttempts(slurm, { python: '/nowhere/python3' });
    await broken.launch('beat(1)');
    const gone = await broken.until('gone');
    expect(wordOf(gone)).toBe('launchFailed');
    await broken[Symbol.asyncDispose]();
  });
});

it('tells a command that is absent from a controller that does not answer', async () => {
  const commands = createSlurmCommands({ PATH: '/nowhere' });
  expect(await commands.run('sbatch', [])).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('ENOENT'),
  });
});
