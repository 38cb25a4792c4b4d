/**
 * Two ranks of the plain PyTorch loop (FSDP2, distributed checkpoints over gloo): each signs its own shards; a rank is killed
 * and a bit of the newest shard flips, and the next attempt goes back one more and ends with the undisturbed model.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkpointRows } from '../../../../activities/training/checkpoints/rows.ts';
import { strategyFault } from '../../../../activities/training/checkpoints/strategy-fault.ts';
import { attemptLayout } from '../../../../activities/training/layout.ts';
import { hashFiles } from '../../../../activities/training/manifest.ts';
import { type Recipe, recipeSchema } from '../../../../activities/training/recipe.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import type { TrainingPlan } from '../../../../workflows/training/contract.ts';
import { type SupervisedAttempts, supervisedAttempts } from '../../../support/supervised-attempts.ts';

const minutes = 60_000;
const loop = fileURLToPath(
  new URL('../../../../activities/training/protocol/plain_loop_fsdp.py', import.meta.url),
);

let attempts: SupervisedAttempts;
let recipe: Recipe;
let plan: TrainingPlan;

beforeAll(async () => {
  const python = await ensurePython('trainer', { note: (text) => console.error(text) });
  attempts = await supervisedAttempts(python);
  recipe = recipeSchema.parse({
    ...{ kind: 'command', v: 1, maxSteps: 40, saveSteps: 10, graceS: 2, command: [python, loop] },
    ...{ distributed: { launch: 'torchrun', ranks: 2 }, strategy: { kind: 'fsdp2', precision: 'fp32' } },
    ...{ layout: 'dcp', checkpointFiles: ['rank.0.pt', 'rank.1.pt'], options: { stepS: 0.02 } },
  });
  plan = await attempts.plan(
    recipe,
    'All happy families are alike; each unhappy family is unhappy in its own way.\n'.repeat(20),
  );
}, 15 * minutes);
afterAll(() => attempts?.[Symbol.asyncDispose]());

it(
  'goes back to a whole checkpoint of shards, and ends with the very model of an undisturbed run',
  async () => {
    const undisturbed = await attempts.launch('training/undisturbed', plan);
    const first = await attempts.follow('training/undisturbed', plan, undisturbed.epoch);
    expect(first.outcome).toMatchObject({
      class: 'completed',
      checkpoints: expect.arrayContaining([40]) as number[],
    });
    for (const hello of first.events.filter(({ ev }) => ev === 'hello'))
      expect(strategyFault(recipe, hello as never)).toBeUndefined();
    const [newest] = await checkpointRows(attempts.scope('training/undisturbed', plan));
    expect(newest).toMatchObject({ step: 40, state: 'verified', worldSize: 2 });
    expect(newest?.manifest?.files.map(({ path }) => path)).toEqual([
      ...['.metadata', '__0_0.distcp', '__1_0.distcp', 'rank.0.pt', 'rank.1.pt', 'trainer_state.json'],
    ]);

    const killed = await attempts.launch('training/killed', plan);
    let victim: number | undefined;
    await attempts.follow('training/killed', plan, killed.epoch, (event) => {
      if (event.ev === 'hello' && event.rank === 1) victim = event['pid'] as number;
      if (event.ev === 'step' && event.step === 25 && victim !== undefined) {
        process.kill(victim, 'SIGKILL');
        victim = undefined;
      }
    });
    const scope = attempts.scope('training/killed', plan);
    const verified = (await checkpointRows(scope, 'verified')).map(({ step }) => step);
    expect(verified.length).toBeGreaterThan(1);
    const [last = 0, before] = verified;
    const shard = join(
      attemptLayout(attempts.root, 'training/killed', killed.epoch).output,
      `checkpoint-${last}`,
      '__1_0.distcp',
    );
    const bytes = await readFile(shard);
    bytes[100] = (bytes[100] as number) ^ 1;
    await writeFile(shard, bytes);

    const resumed = await attempts.launch('training/killed', plan);
    expect(resumed).toMatchObject({
      resumeStep: before,
      quarantined: [{ step: last, reason: '__1_0.distcp has changed' }],
    });
    const third = await attempts.follow('training/killed', plan, resumed.epoch);
    expect(third.outcome).toMatchObject({ class: 'completed', resumeStep: before });
    const model = (run: string, epoch: number) =>
      hashFiles(attemptLayout(attempts.root, run, epoch).artefact);
    expect(await model('training/killed', resumed.epoch)).toEqual(
      await model('training/undisturbed', undisturbed.epoch),
    );
  },
  10 * minutes,
);
