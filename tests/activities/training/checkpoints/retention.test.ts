/** What stays and what goes: the last ones, every k-th, the best; never the only verified one; torn saves of dead attempts. */
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chooseCheckpoint } from '../../../../activities/training/checkpoints/choose.ts';
import {
  outlived,
  prune,
  pruneAll,
  removeQuarantined,
} from '../../../../activities/training/checkpoints/retention.ts';
import { checkpointRows } from '../../../../activities/training/checkpoints/rows.ts';
import type { Keep } from '../../../../activities/training/recipe.ts';
import { type CheckpointFiles, checkpointFiles, sftRecipe } from '../../../support/checkpoint-files.ts';
import { type FreshDatabase, freshDatabase } from '../../../support/environment.ts';

describe('which ones go', () => {
  const keep = (changes: Partial<Keep>): Keep => ({ last: 3, quarantined: 3, ...changes });
  /** Newest first; step, or [step, epoch], or [step, epoch, loss]. */
  const rows = (...steps: (number | [number, number, number?])[]) =>
    steps
      .map((each) => (typeof each === 'number' ? ([each, 1] as const) : each))
      .map(([step, epoch, loss]) => ({ step, epoch, metrics: loss === undefined ? {} : { loss } }));
  const gone = (...args: Parameters<typeof outlived>) =>
    outlived(...args).map(({ step, epoch }) => [step, epoch]);

  it.each<[string, ReturnType<typeof rows>, Keep, number[][]]>([
    ['none of three', rows(30, 20, 10), keep({}), []],
    [
      'all but the last three',
      rows(50, 40, 30, 20, 10),
      keep({}),
      [
        [20, 1],
        [10, 1],
      ],
    ],
    [
      'all but one',
      rows(30, 20, 10),
      keep({ last: 1 }),
      [
        [20, 1],
        [10, 1],
      ],
    ],
    ['never the only one', rows(10), keep({ last: 1 }), []],
    [
      'not every k-th',
      rows(60, 50, 40, 30, 20, 10),
      keep({ last: 1, every: 20 }),
      [
        [50, 1],
        [30, 1],
        [10, 1],
      ],
    ],
    [
      'not the best: least',
      rows([40, 1, 3], [30, 1, 2], [20, 1, 1], [10, 1, 4]),
      keep({ last: 1, best: { metric: 'loss', mode: 'min' } }),
      [
        [30, 1],
        [10, 1],
      ],
    ],
    [
      'not the best: greatest',
      rows([40, 1, 3], [30, 1, 2], [20, 1, 1], [10, 1, 4]),
      keep({ last: 1, best: { metric: 'loss', mode: 'max' } }),
      [
        [30, 1],
        [20, 1],
      ],
    ],
    [
      'the best is not of those without the metric, nor of NaN',
      rows(40, [30, 1, Number.NaN], [20, 1, 9], 10),
      keep({ last: 1, best: { metric: 'loss', mode: 'min' } }),
      [
        [30, 1],
        [10, 1],
      ],
    ],
    ['the older of one step', rows([20, 2], [20, 1], [10, 1]), keep({}), [[20, 1]]],
    [
      'the older of one step counts for nothing',
      rows([30, 2], [30, 1], [20, 1], [10, 1]),
      keep({ last: 3 }),
      [[30, 1]],
    ],
  ])('%s', (_name, verified, wanted, expected) => {
    expect(gone(verified, wanted)).toEqual(expected);
  });

  it('whatever is kept, the newest one is among it', () => {
    for (let last = 1; last < 5; last += 1)
      for (const every of [undefined, 7, 1_000])
        expect(gone(rows(40, 30, 20, 10), keep({ last, ...(every ? { every } : {}) }))).not.toContainEqual([
          40, 1,
        ]);
  });
});

let fresh: FreshDatabase;
let at: CheckpointFiles;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh[Symbol.asyncDispose]());
beforeEach(async () => {
  at = await checkpointFiles(fresh.database, sftRecipe({ keep: { last: 2, quarantined: 1 } }));
});
afterEach(() => at[Symbol.asyncDispose]());

const names = async (epoch = 1) => (await readdir(at.output(epoch))).toSorted();

it('deletes only after a newer one is verified', async () => {
  for (const step of [10, 20]) await at.save(step);
  // A damaged third one frees nothing.
  await at.write(30, { files: { 'optimizer.pt': null } });
  expect((await at.register(30)).kind).toBe('quarantined');
  expect(await names()).toEqual(['checkpoint-10', 'checkpoint-20', 'checkpoint-30']);
  await at.save(40);
  expect(await names()).toEqual(['checkpoint-20', 'checkpoint-30', 'checkpoint-40']);
  const states = (await checkpointRows(at.scope)).map(({ step, state }) => [step, state]);
  expect(states).toEqual([
    [40, 'verified'],
    [30, 'quarantined'],
    [20, 'verified'],
    [10, 'pruned'],
  ]);
  await expect(stat(join(at.scope.root, 'tested', 'manifests', '10.1.json'))).rejects.toThrow('ENOENT');
});

it('clears torn saves of dead attempts that are older than the newest verified one, and nothing else', async () => {
  for (const [epoch, state] of [
    [1, 'ended'],
    [2, 'running'],
    [3, 'ended'],
  ] as const)
    await at.addAttempt(epoch, state);
  for (const [epoch, name] of [
    [1, 'checkpoint-20'],
    [1, 'checkpoint-90'],
    [1, 'notes'],
    [2, 'checkpoint-20'],
    [3, 'checkpoint-20'],
  ] as const) {
    await mkdir(join(at.output(epoch), name), { recursive: true });
    await writeFile(join(at.output(epoch), name, 'torn'), 'x');
  }
  await at.save(10);
  await at.save(50, { epoch: 3 });
  expect(await names(1)).toEqual(['checkpoint-10', 'checkpoint-90', 'notes']);
  expect(await names(2)).toEqual(['checkpoint-20']);
  // The attempt that saves may be about to end that one.
  expect(await names(3)).toEqual(['checkpoint-20', 'checkpoint-50']);
  await prune(at.scope, at.recipe.keep);
  expect(await names(3)).toEqual(['checkpoint-50']);
});

it('gives up everything but what is kept when there is no room, also before there is a whole one', async () => {
  for (const epoch of [1, 2]) await at.addAttempt(epoch, epoch === 1 ? 'ended' : 'running');
  await at.write(10, { files: { 'optimizer.pt': null } });
  await at.register(10);
  await at.write(20, { files: { 'trainer_state.json': null } });
  await at.write(20, { epoch: 2 });
  await pruneAll(at.scope, at.recipe.keep);
  expect(await names(1)).toEqual([]);
  expect(await names(2)).toEqual(['checkpoint-20']);
  expect(await readdir(join(at.scope.root, 'tested', 'quarantine'))).toEqual([]);
  for (const step of [30, 40]) await at.save(step);
  await at.write(60);
  await pruneAll(at.scope, { ...at.recipe.keep, last: 1 });
  expect(await names(1)).toEqual(['checkpoint-40']);
});

it('keeps as many damaged ones as the recipe says', async () => {
  for (const step of [10, 20, 30]) {
    await at.write(step, { files: { 'optimizer.pt': null } });
    await at.register(step);
  }
  await at.save(40);
  await prune(at.scope, at.recipe.keep);
  expect(await readdir(join(at.scope.root, 'tested', 'quarantine'))).toEqual(['30.1']);
  expect((await checkpointRows(at.scope, 'quarantined')).map(({ reason }) => reason)).toEqual(
    Array.from({ length: 3 }, () => 'optimizer.pt is missing'),
  );
});

it('never deletes whole ones that an operator set aside', async () => {
  for (const step of [10, 20, 30]) await at.save(step);
  expect(await names()).toEqual(['checkpoint-20', 'checkpoint-30']);
  await chooseCheckpoint(at.scope, { recipe: at.recipe, fromStep: 25 });
  await removeQuarantined(at.scope, 0);
  expect(await readdir(join(at.scope.root, 'tested', 'quarantine'))).toEqual(['30.1']);
});

it('a row that names a directory elsewhere deletes nothing there', async () => {
  const victim = join(at.scope.root, 'tested', 'victim');
  await mkdir(victim, { recursive: true });
  for (const step of [10, 20]) await at.save(step);
  await at.scope.database
    .updateTable('training_checkpoints')
    .set({ directory: victim })
    .where('step', '=', 10)
    .execute();
  await at.save(30);
  expect((await checkpointRows(at.scope)).find(({ step }) => step === 10)).toMatchObject({
    state: 'pruned',
    pending: null,
  });
  expect((await stat(victim)).isDirectory()).toBe(true);
  await rm(victim, { recursive: true });
});
