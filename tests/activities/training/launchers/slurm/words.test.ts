/** What is asked of Slurm and what its answers mean, without one: arguments of sbatch, states, hostile names, ends that were warned. */
import { describe, expect, it } from 'vitest';
import type { AttemptSpec } from '../../../../../activities/training/launcher.ts';
import { type Asked, parseJob, standingOf } from '../../../../../activities/training/launchers/slurm/job.ts';
import {
  sbatchArguments,
  type SlurmSettings,
} from '../../../../../activities/training/launchers/slurm/submission.ts';
import { endOf, named, wordOn } from '../../../../../activities/training/launchers/slurm/words.ts';
import { attemptLayout } from '../../../../../activities/training/layout.ts';
import { causeOfLaunchFailure } from '../../../../../workflows/training/launch-failure.ts';
import { launchersSchema } from '../../../../../workers/config/launchers.ts';

const layout = attemptLayout('/shared/100%/training', 'training/x', 1);
const settings: SlurmSettings = { name: 'test', gpuTypes: {}, warnS: 120, python: '/usr/bin/python3' };
const spec: AttemptSpec = { run: 'training/x', epoch: 1, command: ['train'], env: {}, graceS: 1 };
const asked = (more: Partial<SlurmSettings>, of: Partial<AttemptSpec> = {}): string[] =>
  sbatchArguments({ ...settings, ...more }, { name: 'key', layout, spec: { ...spec, ...of } });

describe('sbatch is asked for', () => {
  it('a job of its own that is never queued again, warned in time, with a list for its environment', () => {
    expect(asked({})).toEqual([
      ...['--parsable', '--job-name=key', '--nodes=1', '--ntasks=1', '--no-requeue'],
      ...['--export=PATH=/usr/local/bin:/usr/bin:/bin', '--signal=B:USR1@120'],
      '--chdir=/shared/100%/training/x/attempts/1',
      // % begins a pattern in names of files.
      '--output=/shared/100%%/training/x/attempts/1/shim.log',
      '--open-mode=append',
    ]);
    expect(
      asked({ partition: 'p', account: 'a', qos: 'q', timeLimitMin: 90, memoryMib: 512, cpus: 4 }),
    ).toEqual(
      expect.arrayContaining([
        '--partition=p',
        '--account=a',
        '--qos=q',
        '--time=90',
        '--mem=512M',
        '--cpus-per-task=4',
      ]),
    );
  });

  const gpuTypes = { h100: { gres: 'hopper', constraint: 'nvlink|ib' }, any: { constraint: 'gpu' } };
  it.each<[string, Partial<SlurmSettings>, AttemptSpec['wantedGpus'], string[]]>([
    ['none', { constraint: 'fast' }, undefined, ['--constraint=fast']],
    ['a count', {}, { count: 8 }, ['--gres=gpu:8']],
    ['a type of Slurm’s own', {}, { count: 2, type: 'a100' }, ['--gres=gpu:a100:2']],
    [
      'a type of the config',
      { gpuTypes },
      { count: 2, type: 'h100' },
      ['--constraint=nvlink|ib', '--gres=gpu:hopper:2'],
    ],
    [
      'a constraint with one',
      { gpuTypes, constraint: 'fast' },
      { count: 1, type: 'h100' },
      ['--constraint=fast&(nvlink|ib)', '--gres=gpu:hopper:1'],
    ],
    [
      'a type that is a constraint',
      { gpuTypes },
      { count: 4, type: 'any' },
      ['--constraint=gpu', '--gres=gpu:4'],
    ],
  ])('GPUs: %s', (_, more, wantedGpus, wanted) => {
    const found = asked(more, { wantedGpus }).filter((flag) => /^--(gres|constraint)/.test(flag));
    expect(found).toEqual(wanted);
  });

  it('other nodes than those with a broken GPU', () => {
    expect(asked({}, { avoidNodes: ['n1', 'n7'] })).toContain('--exclude=n1,n7');
  });
});

describe('Slurm’s answer', () => {
  const line =
    'JobId=7 JobName=x UserId=a(1) JobState=RUNNING Reason=None Requeue=0 Restarts=1 ExitCode=0:9 TimeLimit=1-02:03:04 ' +
    'StartTime=2026-11-22T20:00:00 PreemptTime=None WorkDir=/tmp/x JobState=COMPLETED Restarts=9 StdOut=/x';
  it('is read by the first of each key: a directory may be called as one likes', () => {
    expect(parseJob(line)).toEqual({
      ...{ state: 'RUNNING', reason: 'None', restarts: 1, isPreempted: false, exitCode: '0:9' },
      limitAtS: Date.UTC(2026, 10, 22, 20) / 1000 + 26 * 3600 + 3 * 60 + 4,
    });
    expect(parseJob('JobState=PENDING TimeLimit=UNLIMITED StartTime=Unknown').limitAtS).toBeNull();
  });

  it.each([
    ['PENDING', 'waiting'],
    ['CONFIGURING', 'waiting'],
    ['REQUEUE_HOLD', 'waiting'],
    ['SUSPENDED', 'heldBack'],
    ['RUNNING', 'going'],
    ['COMPLETING', 'going'],
    ['NODE_FAIL', 'ended'],
    ['PREEMPTED', 'ended'],
    ['OUT_OF_MEMORY', 'ended'],
  ])('%s means %s', (state, standing) => expect(standingOf(state)).toBe(standing));

  it('has reasons that operators write: cut, and without what a page could take for markup', () => {
    expect(named('maintenance|<b>')).toBe('maintenance??b?');
    expect(named('x'.repeat(500))).toHaveLength(60);
  });

  const job = (more: object): Asked => ({
    kind: 'job',
    job: {
      ...{ state: 'COMPLETED', reason: 'None', restarts: 0, isPreempted: false },
      limitAtS: 10_000,
      exitCode: '0:0',
      ...more,
    },
  });
  it.each<[string, Asked, { reason: string | null; endedAt: number }, string | undefined]>([
    ['a warning in its last minutes', job({}), { reason: 'warned', endedAt: 9_850 }, 'TIMEOUT'],
    ['a warning long before', job({}), { reason: 'warned', endedAt: 5_000 }, 'COMPLETED'],
    [
      'a warning for another job',
      job({ isPreempted: true }),
      { reason: 'warned', endedAt: 5_000 },
      'PREEMPTED',
    ],
    [
      'TERM when the time was over',
      job({ state: 'TIMEOUT' }),
      { reason: 'stopped', endedAt: 10_000 },
      'TIMEOUT',
    ],
    ['a person', job({ state: 'CANCELLED' }), { reason: 'stopped', endedAt: 1 }, 'CANCELLED'],
    ['a job that still ends', job({ state: 'COMPLETING' }), { reason: 'stopped', endedAt: 1 }, undefined],
    ['a controller that is away', { kind: 'away', why: '' }, { reason: 'stopped', endedAt: 1 }, undefined],
  ])('on a recorded end: %s', (_, answer, exit, state) =>
    expect(wordOn(answer, exit, 120)?.state).toBe(state),
  );

  it('of a job that ended before its shim began is a failed launch', () => {
    const { job: failed } = job({ state: 'FAILED', exitCode: '127:0' }) as Extract<Asked, { kind: 'job' }>;
    expect(endOf(failed, undefined)).toMatchObject({
      state: 'LAUNCH_FAILED',
      reason: expect.stringContaining('127:0'),
    });
    expect(endOf(failed, { job: '7', restarts: 0, node: 'n1', at: 0 }).state).toBe('FAILED');
    expect(endOf({ ...failed, state: 'CANCELLED' }, undefined).state).toBe('CANCELLED');
  });
});

it.each([
  ['sbatch: error: invalid partition specified: nowhere', 'refused'],
  [
    'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified',
    'refused',
  ],
  ['sbatch: error: Invalid generic resource (gres) specification', 'refused'],
  [
    'sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)',
    'refused',
  ],
  ['sbatch: error: Batch job submission failed: Requested node configuration is not available', 'refused'],
  ['sbatch: error: Batch job submission failed: Job dependency problem', 'tried'],
])('%s is %s', (message, kind) => {
  expect(causeOfLaunchFailure(`Slurm refused the job: ${message}`)).toBe(`launchFailed/${kind}`);
});

describe('the config', () => {
  const read = (more: object) => launchersSchema.safeParse({ one: { kind: 'slurm', ...more } });
  it.each<[string, object]>([
    ['a flag in a word', { partition: '--wrap=id' }],
    ['two words', { account: 'a b' }],
    ['a command in a constraint', { constraint: 'a;id' }],
    ['a Python by name', { python: 'python3' }],
    ['an unknown key', { command: 'id' }],
    ['a warning after the shortest limit', { timeLimitMin: 1, warnS: 60 }],
  ])('refuses %s', (_, more) => expect(read(more).success).toBe(false));
  it('refuses another one that is called local, and takes what Slurm’s documents name', () => {
    expect(launchersSchema.safeParse({ local: { kind: 'slurm' } }).success).toBe(false);
    expect(read({ partition: 'gpu-long', constraint: '[rack1|rack2]&fast*2', qos: 'high' }).success).toBe(
      true,
    );
  });
});
