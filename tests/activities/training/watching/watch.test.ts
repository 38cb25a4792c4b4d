/** The watch over real trainers of all paces: hangs are told and killed, slow and healthy ones never; nothing is read twice. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptView } from '../../../../activities/training/attempt-view.ts';
import { leadOf } from '../../../../activities/training/attempt-view.ts';
import { loadPhaseTimes, savePhaseTimes } from '../../../../activities/training/watching/phase-times.ts';
import type { Notice } from '../../../../workflows/training/contract.ts';
import { type Paced, type WatchedAttempts, watchedAttempts } from '../../../support/watched-attempts.ts';

let attempts: WatchedAttempts;
beforeAll(async () => {
  attempts = await watchedAttempts();
});
afterAll(() => attempts[Symbol.asyncDispose]());

let names = 0;
/** Runs to its end; with the notices that were told. */
async function endOf(paced: Paced) {
  const attempt = await attempts.start(`watched-${(names += 1)}`, paced);
  let notices: readonly Notice[] = [];
  let last: AttemptView | undefined;
  const outcome = await attempt.watch({
    seen: (view, step) => {
      notices = step.notices ?? [];
      last = view;
    },
  });
  return { attempt, outcome, notices: notices.map(({ kind }) => kind), last };
}

/** Few samples: the recipe's limits hold, and stillness is asked for. */
const limits = { start: 2, step: 2, save: 2, eval: 2 };

describe('healthy trainers', () => {
  it.each<[string, Paced, Notice['kind'][]]>([
    ['a plain one', {}, []],
    ['a step of many times the median', { paces: [{ at: 40, kind: 'sleep', s: 1 }] }, []],
    [
      'a long compile that works',
      { phaseLimitS: limits, paces: [{ at: 'compile', kind: 'work', s: 5 }] },
      ['slow'],
    ],
    [
      'a long evaluation that works',
      { phaseLimitS: limits, evalAt: 20, paces: [{ at: 'eval', kind: 'work', s: 5 }] },
      ['slow'],
    ],
    [
      'a long save that works',
      { phaseLimitS: limits, saveSteps: 30, paces: [{ at: 'save', kind: 'work', s: 3 }] },
      ['slow'],
    ],
    ['a first step that compiles', { phaseLimitS: limits, paces: [{ at: 1, kind: 'work', s: 5 }] }, ['slow']],
    [
      'a scaler that leaves steps out',
      { precision: 'fp16', paces: [7, 8, 9, 31].map((at) => ({ at, kind: 'skips' as const })) },
      [],
    ],
    ['two ranks', { ranks: 2, saveSteps: 30 }, []],
    [
      'a slow rank',
      {
        ranks: 2,
        maxSteps: 40,
        paces: Array.from({ length: 40 }, (_, at) => ({ at, kind: 'sleep' as const, rank: 1, s: 0.05 })),
      },
      ['straggler'],
    ],
  ])('%s is left alone', async (_, paced, notices) => {
    const { outcome, notices: told } = await endOf({ hangFloorS: 20, ...paced });
    expect(outcome?.class, outcome?.evidence).toBe('completed');
    expect(told).toEqual(notices);
  });
});

describe('trainers that hang', () => {
  it('a step, known by its own times: stacks are kept', async () => {
    const { outcome, attempt } = await endOf({ paces: [{ at: 45, kind: 'sleep' }] });
    expect(outcome).toMatchObject({
      class: 'hang',
      cause: 'hang/step',
      rank: 0,
      step: 44,
      beforeFirstStep: false,
    });
    expect(outcome?.evidence).toMatch(/limit [\d.]+ s: 5 x p99 of \d+ samples/);
    expect(outcome?.evidence).toContain('it beats, its loop stands still');
    expect(outcome?.tail).toContain('paced-trainer.py');
    expect(await readFile(attempt.layout.stacksOf(0), 'utf8')).toContain('in pace');
  });

  it.each<[string, Paced, string, string]>([
    ['a step without beats', { paces: [{ at: 45, kind: 'stop' }] }, 'hang/step', 'no beat for'],
    ['a step that spins', { paces: [{ at: 45, kind: 'spin' }] }, 'hang/step', 'its loop stands still'],
    [
      'a step of which little is known',
      { phaseLimitS: limits, paces: [{ at: 12, kind: 'sleep' }] },
      'hang/step',
      'its processes stand still',
    ],
    [
      'a start',
      { phaseLimitS: limits, paces: [{ at: 'loadModel', kind: 'sleep' }] },
      'hang/start',
      'phase loadModel',
    ],
    [
      'a save',
      { phaseLimitS: limits, saveSteps: 20, paces: [{ at: 'save', kind: 'sleep' }] },
      'hang/save',
      'phase save',
    ],
    [
      'an evaluation',
      { phaseLimitS: limits, evalAt: 9, paces: [{ at: 'eval', kind: 'stop' }] },
      'hang/eval',
      'no beat',
    ],
    [
      'one rank of two',
      { ranks: 2, paces: [{ at: 45, kind: 'sleep', rank: 1 }] },
      'hang/step',
      'rank 1 made no',
    ],
    [
      'an end that never comes',
      { phaseLimitS: limits, paces: [{ at: 'finish', kind: 'sleep' }] },
      'hang/save',
      'phase finish',
    ],
    [
      'a process that said its end and stays',
      { phaseLimitS: limits, paces: [{ at: 'ended', kind: 'sleep' }] },
      'hang/save',
      'after its end',
    ],
  ])('%s', async (_, paced, cause, evidence) => {
    const { outcome } = await endOf(paced);
    expect(outcome?.cause, outcome?.evidence).toBe(cause);
    expect(outcome?.evidence).toContain(evidence);
  });
});

describe('other ends', () => {
  it.each<[string, Paced, string]>([
    [
      'numbers of a trainer that goes on',
      { stepS: 0.05, paces: [{ at: 22, kind: 'loss', loss: 'nan' }] },
      'nan/log',
    ],
    ['a filtered loss', { stepS: 0.05, paces: [{ at: 22, kind: 'loss', loss: 0 }] }, 'nan/log'],
    ['another strategy', { stepS: 0.05, strategy: { kind: 'fsdp2' } }, 'config/strategy'],
    ['an error', { paces: [{ at: 'loadModel', kind: 'error' }] }, 'config/ValueError/loadModel'],
    ['a code', { paces: [{ at: 9, kind: 'exit', code: 3 }] }, 'unknown/exit 3'],
    ['exit 0', { paces: [{ at: 9, kind: 'exit', code: 0 }] }, 'earlyCleanExit/train'],
  ])('%s', async (_, paced, cause) => {
    const { outcome } = await endOf(paced);
    expect(outcome?.cause, outcome?.evidence).toBe(cause);
    if (cause === 'nan/log') expect(outcome?.firstBadStep).toBe(21);
  });
});

it('goes on from where a lost watch was: no event twice, none lost', async () => {
  const attempt = await attempts.start('lost', { maxSteps: 120, stepS: 0.03, saveSteps: 40, ranks: 2 });
  const views: AttemptView[] = [];
  for (let lost = 0; lost < 4; lost += 1) {
    const lose = new AbortController();
    const ended = attempt.watch({
      lose: lose.signal,
      seen: (view) => {
        views.push(view);
        if (views.length > 1) lose.abort();
      },
      // A heartbeat that is as old as they come.
      ...(views[0] ? { view: views[0] } : {}),
    });
    await expect(ended).rejects.toThrow('abort');
    views.splice(1);
  }
  let last: AttemptView | undefined;
  const outcome = await attempt.watch({ seen: (view) => (last = view) });
  expect(outcome).toMatchObject({ class: 'completed', step: 120, checkpoints: [40, 80, 120] });
  const { ownSteps, file } = leadOf(last as AttemptView);
  expect(ownSteps).toBeLessThanOrEqual(120);
  expect(file).toMatchObject({ gaps: 0, garbage: 0, restarts: 0 });
  const kept = JSON.parse(await readFile(`${attempt.layout.directory}/watch.json`, 'utf8')) as {
    view: AttemptView;
  };
  expect(kept.view.ranks.map((rank) => rank.ownSteps)).toEqual([120, 120]);
  expect(kept.view.saving).toEqual([]);
});

it('hands over at the end of a slice, and tells people only when a watch was lost', async () => {
  const attempt = await attempts.start('handed', { maxSteps: 400, stepS: 0.02 });
  const told = async (sliceMs?: number) => {
    let notices: readonly Notice[] = [];
    const outcome = await attempt.watch({
      ...(sliceMs === undefined ? {} : { sliceMs }),
      seen: (_, step) => (notices = step.notices ?? []),
    });
    return { outcome, notices: notices.map(({ kind }) => kind) };
  };
  expect(await told(1_500)).toEqual({ outcome: null, notices: [] });
  expect(await told(1_500)).toEqual({ outcome: null, notices: [] });
  const file = `${attempt.layout.directory}/watch.json`;
  const kept = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...kept, handedOver: false }));
  const { outcome, notices } = await told();
  expect(outcome?.class).toBe('completed');
  expect(notices).toEqual(['supervisorLost']);
});

it('tells a hang by the times of an earlier run, before it has samples of its own', async () => {
  const paced: Paced = { paces: [{ at: 12, kind: 'sleep', run: 'training/later' }] };
  const earlier = await (await attempts.start('earlier', paced)).watch();
  expect(earlier?.class).toBe('completed');
  const later = await (await attempts.start('later', paced)).watch();
  expect(later).toMatchObject({ cause: 'hang/step', step: 11 });
  // 55 steps of the earlier run and 6 of this one: the first five of each are left out.
  expect(later?.evidence).toContain('5 x p99 of 61 samples');
});

it('knows the times of a recipe from its earlier runs, in a bounded row', async () => {
  const key = { recipeSha256: 'r'.repeat(64), host: 'h' };
  const many = Array.from({ length: 300 }, (_, index) => index);
  await savePhaseTimes(attempts.database, key, new Map([['train', many]]));
  await savePhaseTimes(
    attempts.database,
    key,
    new Map([
      ['train', [1_000, 1_001]],
      ['eval', [5]],
    ]),
  );
  const known = await loadPhaseTimes(attempts.database, key);
  expect(known.get('eval')).toEqual([5]);
  expect(known.get('train')).toHaveLength(256);
  expect(known.get('train')?.slice(-3)).toEqual([299, 1_000, 1_001]);
});
