/**
 * The product's own trainer at its saves: held-out rows are looked at first, ruined parameters are never written, and a
 * trainer that does not run as its recipe says is stopped.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkpointRows } from '../../../../activities/training/checkpoints/rows.ts';
import { attemptLayout } from '../../../../activities/training/layout.ts';
import { hashFiles } from '../../../../activities/training/manifest.ts';
import { recipeSchema } from '../../../../activities/training/recipe.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import { sftJsonl } from '../../../support/sft-rows.ts';
import {
  type SupervisedAttempts,
  type ToldEvent,
  supervisedAttempts,
} from '../../../support/supervised-attempts.ts';

const minutes = 60_000;
const tiny = fileURLToPath(
  new URL('../../../../activities/training/trainer/recipes/tiny.yaml', import.meta.url),
);

let attempts: SupervisedAttempts;
beforeAll(async () => {
  attempts = await supervisedAttempts(await ensurePython('trainer', { note: (text) => console.error(text) }));
}, 15 * minutes);
afterAll(() => attempts?.[Symbol.asyncDispose]());

async function train(name: string, changes: object, seen?: (event: ToldEvent, pid: number) => void) {
  const run = `training/${name}`;
  const recipe = recipeSchema.parse({
    ...(parse(await readFile(tiny, 'utf8')) as object),
    ...{ maxSteps: 6, saveSteps: 2, warmupSteps: 0, batchSize: 4, logSteps: 1, threads: 1, graceS: 2 },
    tokenizer: { vocabSize: 512, lineTokens: 64, minLineRows: 3 },
    ...changes,
  });
  const plan = await attempts.plan(recipe, sftJsonl(48, 1));
  const { epoch } = await attempts.launch(run, plan);
  let pid = 0;
  const followed = await attempts.follow(run, plan, epoch, (event) => {
    if (event.ev === 'hello') pid = event['pid'] as number;
    seen?.(event, pid);
  });
  const rows = await checkpointRows(attempts.scope(run, plan));
  return { ...followed, epoch, rows, layout: attemptLayout(attempts.root, run, epoch) };
}

it(
  'looks at held-out rows before each save; the registry keeps the numbers, and the best one stays',
  async () => {
    const best = { metric: 'eval_loss', mode: 'max' };
    const { outcome, events, rows, epoch } = await train('evaluated', {
      ...{ evaluation: { rows: 4 }, keep: { last: 1, best } },
    });
    expect(outcome.class).toBe('completed');
    const told = events.filter(({ ev }) => ev === 'eval' || ev === 'save');
    expect(told.map(({ ev, step }) => `${ev} ${step}`)).toEqual(
      [2, 4, 6].flatMap((step) => [`eval ${step}`, `save ${step}`]),
    );
    expect(told[0]).toMatchObject({ epoch, eval_loss: expect.any(Number) as number });
    const losses = rows.map(({ metrics }) => metrics['eval_loss'] ?? Number.NaN);
    expect(losses).toEqual(
      told
        .filter(({ ev }) => ev === 'eval')
        .map((event) => event['eval_loss'])
        .toReversed(),
    );
    const worst = rows[losses.indexOf(Math.max(...losses))];
    expect(rows.filter(({ state }) => state === 'verified').map(({ step }) => step)).toEqual([
      ...new Set([6, worst?.step]),
    ]);
  },
  5 * minutes,
);

it(
  'writes no checkpoint of parameters that are not finite',
  async () => {
    // Weights are multiplied by 1 - 1e38 at each step, and nothing is logged before the save.
    const ruin = { learningRate: 1, weightDecay: 1e38, schedule: 'constant', logSteps: 6 };
    const { outcome, events, rows, layout } = await train('ruined', ruin);
    expect(outcome.class).toBe('nan');
    expect(events.find(({ ev }) => ev === 'error')).toMatchObject({ type: 'NonFiniteParameters', step: 2 });
    expect(rows).toEqual([]);
    expect((await readdir(layout.output)).filter((name) => name.startsWith('checkpoint'))).toEqual([]);
  },
  5 * minutes,
);

it(
  'a trainer that does not run as its recipe says is stopped: class config',
  async () => {
    const { outcome } = await train('alone', { strategy: { kind: 'ddp' } });
    expect(outcome).toMatchObject({ class: 'config' });
    expect(outcome.evidence).toContain('the recipe expects ddp, the trainer runs single in fp32');
  },
  5 * minutes,
);

it(
  'a save that a kill cut short is no checkpoint: the one before is resumed from, and the model is the undisturbed one',
  async () => {
    const whole = await train('whole', {});
    expect(whole.outcome.class).toBe('completed');
    let killed = false;
    const first = await train('cut', {}, (event, pid) => {
      if (killed || event.ev !== 'phase' || event.phase !== 'save' || event.step !== 4) return;
      killed = true;
      process.kill(pid, 'SIGKILL');
    });
    expect(first.outcome.class).toBe('killed');
    const verified = first.rows.filter(({ state }) => state === 'verified').map(({ step }) => step);
    // The kill may come just after the last byte.
    expect([2, 4]).toContain(verified[0]);

    const second = await train('cut', {});
    expect(second.outcome).toMatchObject({ class: 'completed', resumeStep: verified[0] });
    expect(await hashFiles(second.layout.artefact)).toEqual(await hashFiles(whole.layout.artefact));
    // What the kill left of the save is cleared away, the registry holds only what is whole.
    const left = (await readdir(first.layout.output)).filter((name) => name.startsWith('checkpoint'));
    const known = second.rows.flatMap(({ state, directory }) => (state === 'verified' ? [directory] : []));
    for (const name of left) expect(known).toContain(join(first.layout.output, name));
  },
  5 * minutes,
);
