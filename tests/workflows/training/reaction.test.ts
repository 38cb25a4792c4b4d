/** From classes to reactions, with budgets over several ends (training-supervision.md section 4). */
import { describe, expect, it } from 'vitest';
import type { AttemptOutcome, FailureClass, Reaction } from '../../../workflows/training/contract.ts';
import { failureClasses, supersededByOwnLaunch } from '../../../workflows/training/contract.ts';
import { type FailureRecord, react, recordFailure } from '../../../workflows/training/reaction.ts';

function end(kind: FailureClass, change: Partial<AttemptOutcome> = {}): AttemptOutcome {
  return {
    ...{ class: kind, cause: `${kind}/train`, beforeFirstStep: false, evidence: '', step: 25 },
    ...{ resumeStep: 10, rank: null, checkpoints: [10, 20], loss: 1 },
    ...change,
  };
}

/** The reaction to the last of these ends. */
function after(...ends: readonly AttemptOutcome[]): Reaction {
  const failures = ends.reduce<readonly FailureRecord[]>(recordFailure, []);
  return react(ends.at(-1) as AttemptOutcome, failures);
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const advanced = { checkpoints: [20, 30], step: 35 };

describe('a reaction', () => {
  it.each<[string, readonly AttemptOutcome[], Reaction['do']]>([
    ['a success ends it', [end('completed')], 'succeed'],
    ['a newer epoch has the word', [end('superseded')], 'giveWay'],
    [
      'a launch that its own predecessor left behind',
      [end('superseded', { cause: supersededByOwnLaunch })],
      'resume',
    ],
    ['a cancelled run has no more say', [end('cancelled')], 'giveWay'],
    ['our own stop waits for a person', [end('stopped')], 'park'],
    ['people are told of a straggler', [end('straggler')], 'notify'],
    ['people are told of a rising loss', [end('diverged')], 'notify'],
    ['a watch that was lost is no failure', times(9, end('supervisorLost')), 'notify'],
    ['no observation, no action', times(9, end('unknown', { cause: 'unknown/unobserved' })), 'notify'],
    ['a first kill is resumed', [end('killed')], 'resume'],
    ['so is a second', times(2, end('killed')), 'resume'],
    ['a third without advance parks', times(3, end('killed')), 'park'],
    [
      'an advance of the verified step resets',
      [...times(2, end('killed')), end('killed', advanced)],
      'resume',
    ],
    ['causes have budgets of their own', [...times(2, end('killed')), end('earlyCleanExit')], 'resume'],
    ['so have phases', [...times(2, end('hang', { cause: 'hang/save', step: 1 })), end('hang')], 'resume'],
    ['preemption is not counted', times(40, end('preempted')), 'resume'],
    ['nor is the end of the time', times(40, end('walltime')), 'resume'],
    ['nor is a lost node', times(40, end('nodeLost')), 'resume'],
    ['an early clean exit is never a success', times(2, end('earlyCleanExit')), 'resume'],
    ['and parks at last', times(3, end('earlyCleanExit')), 'park'],
    ['memory that ran out after an advance', [end('hostOom')], 'resume'],
    ['memory that ran out without advance', [end('hostOom', { resumeStep: 20 })], 'park'],
    ['a native crash once', [end('crashNative')], 'resume'],
    ['a native crash twice', times(2, end('crashNative')), 'park'],
    ['numbers once', [end('nan', { firstBadStep: 21 })], 'resumeWith'],
    ['numbers twice at one step', times(2, end('nan')), 'park'],
    ['even with an advance between', [end('nan'), end('nan', { checkpoints: [10, 20, 24] })], 'park'],
    ['numbers at another step', [end('nan'), end('nan', { step: 33 })], 'resumeWith'],
    ['a hang once', [end('hang')], 'resume'],
    ['a hang twice at one step', times(2, end('hang')), 'park'],
    ['a hang twice at different steps', [end('hang'), end('hang', { step: 22 })], 'resume'],
    ['waiting for a rank twice at one step', times(2, end('collectiveTimeout')), 'park'],
    ['a full disk once', [end('diskFull')], 'resumeWith'],
    ['a full disk twice', times(2, end('diskFull')), 'park'],
    ['no room before a save', [end('diskFull', { cause: 'diskFull/beforeSave' })], 'park'],
    ['a checkpoint that does not load', [end('checkpointCorrupt')], 'resumeWith'],
    ['no checkpoint left', [end('checkpointCorrupt', { cause: 'checkpointCorrupt/none' })], 'park'],
    ['a launch that failed', [end('launchFailed', { cause: 'launchFailed/tried' })], 'resume'],
    ['three of them', times(3, end('launchFailed', { cause: 'launchFailed/tried' })), 'park'],
    ['a launch that was refused', [end('launchFailed', { cause: 'launchFailed/refused' })], 'park'],
    ['the memory of a GPU once', [end('cudaOom')], 'resume'],
    ['a broken GPU, none left', [end('gpuHardware')], 'park'],
    ['an end without a cause', times(2, end('unknown')), 'resume'],
    ['three of them', times(3, end('unknown')), 'park'],
  ])('%s', (_, ends, expected) => expect(after(...ends).do).toBe(expected));

  it.each(['config', 'code', 'data'] as const)(
    '%s: parks before the first step, is confirmed by a retry later',
    (kind) => {
      expect(after(end(kind, { beforeFirstStep: true })).do).toBe('park');
      expect(after(end(kind)).do).toBe('resume');
      expect(after(end(kind), end(kind)).do).toBe('park');
      expect(after(end(kind), end(kind, { cause: `${kind}/KeyError` })).do).toBe('resume');
    },
  );

  it('rolls back to before the first bad step', () => {
    expect(after(end('nan', { step: 25, firstBadStep: 16 }))).toMatchObject({
      change: { kind: 'rollBack', quarantineFrom: 16 },
    });
    expect(after(end('checkpointCorrupt', { resumeStep: 20 }))).toMatchObject({
      change: { kind: 'rollBack', quarantineFrom: 20 },
    });
  });

  it('halves the micro-batch at the second time at one step, and again, and parks at 1', () => {
    const oom = (batchSize: number, suggestion?: AttemptOutcome['suggestion']) =>
      end('cudaOom', { cause: `cudaOom/train/${batchSize}`, ...(suggestion ? { suggestion } : {}) });
    const [four, two] = [
      { batchSize: 2, gradientAccumulation: 4 },
      { batchSize: 1, gradientAccumulation: 8 },
    ];
    const ends = [oom(4, four), oom(4, four)];
    expect(after(...ends)).toMatchObject({ do: 'resumeWith', change: { kind: 'smallerBatch', ...four } });
    ends.push(oom(2, two));
    expect(after(...ends).do).toBe('resume');
    ends.push(oom(2, two));
    expect(after(...ends)).toMatchObject({ do: 'resumeWith', change: { kind: 'smallerBatch', ...two } });
    ends.push(oom(1), oom(1));
    expect(after(...ends)).toMatchObject({ do: 'park' });
  });

  it('leaves a broken GPU out, and gives up on the same one at last', () => {
    const broken = end('gpuHardware', { exclude: { gpu: '0000:3b:00', host: 'node1', left: 3 } });
    expect(after(broken)).toMatchObject({ change: { kind: 'exclude', gpu: '0000:3b:00', host: 'node1' } });
    expect(after(...times(3, broken)).do).toBe('park');
  });

  it('waits longer from failure to failure of one cause', () => {
    const first = after(end('killed'));
    const second = after(...times(2, end('killed')));
    expect(first.do === 'resume' && second.do === 'resume' && second.afterMs / first.afterMs).toBe(2);
  });

  it('is there for each class, and keeps a bounded record', () => {
    for (const kind of failureClasses) expect(after(end(kind)).do).toBeTypeOf('string');
    const many = Array.from({ length: 500 }, (_, step) => end('killed', { step, checkpoints: [step] }));
    expect(many.reduce<readonly FailureRecord[]>(recordFailure, []).length).toBeLessThanOrEqual(32);
  });
});
