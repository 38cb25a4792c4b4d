/** From observations to classes, and from classes to reactions: the tables of the supervision protocol. */
import { describe, expect, it } from 'vitest';
import { type AttemptView, foldEvent, unseenAttempt } from '../../../activities/training/attempt-view.ts';
import { classify, type Observation } from '../../../activities/training/classify.ts';
import type { TrainerEvent } from '../../../activities/training/events.ts';
import type { AttemptOutcome, FailureClass } from '../../../workflows/training/contract.ts';
import { react, recordFailure } from '../../../workflows/training/reaction.ts';

const view = (change: Partial<AttemptView>): AttemptView => ({
  ...unseenAttempt,
  ...{ phase: 'train', step: 7, maxSteps: 40, ownSteps: 7 },
  ...change,
});
const exited = (code: number) => ({ code, signal: null, oomKills: 0, reason: null });
const killedBy = (signal: string, oomKills = 0) => ({ code: null, signal, oomKills, reason: null });
const failed = (type: string, message = '', phase = 'train') => ({ error: { type, message, phase } });
const done = { step: 40, end: 'completed' };

const cases: [FailureClass, Partial<AttemptView>, Observation['exit'], Partial<Observation>?][] = [
  ['completed', done, exited(0), { artefactWhole: true }],
  ['completed', done, exited(0), { artefactWhole: true, stopping: 'operator' }],
  ['earlyCleanExit', done, exited(0), { artefactWhole: false }],
  ['earlyCleanExit', {}, exited(0)],
  ['earlyCleanExit', { end: 'stopped' }, exited(0)],
  ['earlyCleanExit', { ...done, step: 39 }, exited(0), { artefactWhole: true }],
  ['stopped', { end: 'stopped' }, exited(0), { stopping: 'operator' }],
  ['hang', {}, killedBy('SIGKILL'), { stopping: 'hang' }],
  ['superseded', {}, { ...killedBy('SIGTERM'), reason: 'fenced' }],
  ['launchFailed', {}, { ...exited(127), reason: 'launchFailed: no such file' }],
  ['killed', {}, killedBy('SIGKILL')],
  ['killed', {}, null],
  ['hostOom', {}, killedBy('SIGKILL', 1)],
  ['hostOom', failed('MemoryError'), exited(1)],
  ['cudaOom', failed('OutOfMemoryError', 'CUDA out of memory'), exited(1)],
  ['preempted', {}, exited(143)],
  ['preempted', {}, killedBy('SIGTERM')],
  ['crashNative', {}, killedBy('SIGSEGV')],
  ['crashNative', {}, killedBy('SIGABRT')],
  ['nan', { nonfinite: true }, exited(1)],
  ['nan', failed('NonFiniteLoss'), exited(1)],
  ['diskFull', failed('OSError', '[Errno 28] No space left on device'), exited(1)],
  ['data', failed('DataError'), exited(1)],
  ['code', failed('ModuleNotFoundError'), exited(1)],
  ['config', failed('ValueError'), exited(1)],
  ['unknown', {}, exited(3)],
];

describe('classify', () => {
  it.each(cases)('%s', (expected, change, exit, rest) => {
    const seen = classify({ view: view(change), exit, stopping: null, artefactWhole: false, ...rest });
    expect(seen.class).toBe(expected);
    expect(seen.evidence).toContain(`of 40`);
  });

  it('keeps the first error and sees non-finite numbers that travel as strings', () => {
    const event = (fields: object) =>
      ({ v: 1, epoch: 1, seq: 0, step: 3, maxSteps: 40, phase: 'train', ...fields }) as TrainerEvent;
    const first = foldEvent(unseenAttempt, event({ ev: 'error', type: 'KeyError', message: 'x' }));
    expect(foldEvent(first, event({ ev: 'error', type: 'ValueError' })).error?.type).toBe('KeyError');
    expect(foldEvent(unseenAttempt, event({ ev: 'log', loss: Number('nan'), gradNorm: 1 })).nonfinite).toBe(
      true,
    );
    expect(foldEvent(unseenAttempt, event({ ev: 'log', loss: 0.5, gradNorm: 1 })).loss).toBe(0.5);
  });
});

describe('react', () => {
  const outcome = (kind: FailureClass, change: Partial<AttemptOutcome> = {}): AttemptOutcome => ({
    ...{ class: kind, cause: `${kind}/train`, beforeFirstStep: false, evidence: '', step: 25 },
    ...{ resumeStep: null, rank: null, checkpoints: [10, 20], loss: 1 },
    ...change,
  });
  const after = (...ends: AttemptOutcome[]) => {
    const failures = ends.reduce<ReturnType<typeof recordFailure>>(recordFailure, []);
    return react(ends.at(-1) as AttemptOutcome, failures).do;
  };

  it.each<[string, AttemptOutcome[], string]>([
    ['a success ends it', [outcome('completed')], 'succeed'],
    ['a newer epoch has the word', [outcome('superseded')], 'giveWay'],
    ['a first crash is resumed', [outcome('killed')], 'resume'],
    ['a third without advance parks', [outcome('killed'), outcome('killed'), outcome('killed')], 'park'],
    [
      'an advance resets',
      [outcome('killed'), outcome('killed'), outcome('killed', { checkpoints: [20, 30] })],
      'resume',
    ],
    [
      'other causes have their own budget',
      [outcome('killed'), outcome('killed'), outcome('hostOom')],
      'resume',
    ],
    ['preemption is not counted', Array.from({ length: 9 }, () => outcome('preempted')), 'resume'],
    ['twice not a number parks', [outcome('nan'), outcome('nan')], 'park'],
    ['a wrong setting parks before the first step', [outcome('config', { beforeFirstStep: true })], 'park'],
    ['later it gets one confirming retry', [outcome('config')], 'resume'],
    ['and then parks', [outcome('config'), outcome('config')], 'park'],
    ['a full disk is pruned', [outcome('diskFull')], 'resumeWith'],
    ['no checkpoint left parks', [outcome('checkpointCorrupt', { cause: 'checkpointCorrupt/none' })], 'park'],
  ])('%s', (_, ends, expected) => expect(after(...ends)).toBe(expected));
});
