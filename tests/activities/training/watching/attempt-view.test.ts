/** The view of an attempt: small at 64 ranks, bounded whatever is told, and the same after a heartbeat. */
import { expect, it } from 'vitest';
import {
  type AttemptView,
  attemptViewSchema,
  foldEvents,
  leadOf,
  unseenAttempt,
} from '../../../../activities/training/attempt-view.ts';
import { parseEventLine, type TrainerEvent } from '../../../../activities/training/watching/event.ts';
import { unseenRank } from '../../../../activities/training/watching/rank-view.ts';
import { failed, healthy, hello, line, viewOf } from '../corpus/observe.ts';

const rankOf = (view: AttemptView, rank: number) => view.ranks.find((found) => found.rank === rank);

it('fits into a heartbeat at 64 ranks, and comes out of one unchanged', () => {
  const long = 'x'.repeat(900);
  const ranks = Array.from({ length: 64 }, (_, rank) => [
    ...healthy(40, { worldSize: 64, versions: { torch: '2.9.0', transformers: '5.17.0' } }),
    line('save', 40, { dir: `/runs/${long}`, part: `/runs/${long}.json`, bytes: 1e9, durS: 1, rank }),
    failed('RuntimeError', long.repeat(4)),
  ]);
  const view = viewOf(ranks);
  expect(view.ranks).toHaveLength(64);
  expect(JSON.stringify(view).length).toBeLessThan(48 * 1024);
  expect(attemptViewSchema.parse(JSON.parse(JSON.stringify(view)))).toEqual(view);
  expect(view.saving).toMatchObject([{ step: 40, ranks: Array.from({ length: 64 }, (_, rank) => rank) }]);
});

it('stays bounded whatever is told', () => {
  const lines = Array.from({ length: 3_000 }, (_, step) => [
    line('log', step, { loss: step % 7 ? 1 : 1e12, gradNorm: 1, [`m${step}`]: step }),
    line('save', step, { dir: `/d/${step}` }),
    line('error', step, { type: 'E'.repeat(200), message: 'm'.repeat(2_000) }),
    line('phase', step, { phase: 'p'.repeat(500), edge: 'begin' }),
  ]).flat();
  expect(JSON.stringify(viewOf([lines])).length).toBeLessThan(16 * 1024);
});

it('takes the earliest error that is no echo, and rank 0 for where it is', () => {
  const view = viewOf([
    [...healthy(5), failed('DistBackendError', 'NCCL communicator was aborted on rank 0.', 'train', 5)],
    [...healthy(4), failed('KeyError', "'x'", 'train', 4), failed('ValueError', 'later', 'train', 4)],
  ]);
  expect(view.error).toMatchObject({ rank: 1, type: 'KeyError' });
  expect(leadOf(view)).toMatchObject({ rank: 0, step: 5, ownSteps: 5 });
  expect(rankOf(view, 1)).toMatchObject({ step: 4, pid: 4242 });
});

it('keeps numbers of the last logs and evaluations for the choice of the best checkpoint', () => {
  const lines = [
    hello(),
    line('log', 5, { loss: 2, gradNorm: 1 }),
    line('eval', 6, { executability: 0.5, loss: 'nan' }),
  ];
  const [saving] = viewOf([[...lines, line('save', 6, { dir: '/d' })]]).saving;
  expect(saving?.metrics).toEqual({ loss: 2, gradNorm: 1, executability: 0.5 });
});

it('counts a checkpoint of several ranks once, under the directory of rank 0', () => {
  const view = viewOf([
    [
      line('save', 10, { dir: '/a', bytes: 5, part: '/p/10.0.json' }),
      line('save', 10, { dir: '/a', bytes: 5 }),
    ],
    [line('save', 10, { dir: '/b', bytes: 7 })],
  ]);
  expect(view.saving).toMatchObject([{ step: 10, directory: '/a', ranks: [0, 1], part: '/p/10.0.json' }]);
});

it('folds the same in one go and event by event', () => {
  const events = [...healthy(30), failed('ValueError', 'no')].flatMap((text, seq): TrainerEvent[] => {
    const parsed = parseEventLine(JSON.stringify({ ...(JSON.parse(text) as object), seq }), 1);
    return parsed.kind === 'event' ? [parsed.event] : [];
  });
  const atOnce = foldEvents(unseenAttempt, unseenRank(0), events);
  const oneByOne = events.reduce((view, event) => foldEvents(view, leadOf(view), [event]), unseenAttempt);
  expect(oneByOne).toEqual(atOnce);
});
