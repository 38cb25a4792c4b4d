/**
 * Two ranks of the product's own trainer (HF, DDP over gloo): both tell and sign their part, a rank that is killed takes the
 * attempt along, and the next attempt ends with the model of an undisturbed run, bit for bit.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { verifiedSteps } from '../../../../activities/training/checkpoints.ts';
import { checkpointRows } from '../../../../activities/training/checkpoints/rows.ts';
import { strategyFault } from '../../../../activities/training/checkpoints/strategy-fault.ts';
import { attemptLayout } from '../../../../activities/training/layout.ts';
import { hashFiles } from '../../../../activities/training/manifest.ts';
import { type Recipe, recipeSchema } from '../../../../activities/training/recipe.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import type { TrainingPlan } from '../../../../workflows/training/contract.ts';
import { sftJsonl } from '../../../support/sft-rows.ts';
import { type SupervisedAttempts, supervisedAttempts } from '../../../support/supervised-attempts.ts';

const minutes = 60_000;
/** What the end of a rank may look like: its launcher's word, or the other rank's complaint. */
const mayResume = ['killed', 'collectiveTimeout', 'unknown'];
const tiny = fileURLToPath(
  new URL('../../../../activities/training/trainer/recipes/tiny.yaml', import.meta.url),
);

let attempts: SupervisedAttempts;
let recipe: Recipe;
let plan: TrainingPlan;

beforeAll(async () => {
  const python = await ensurePython('trainer', { note: (text) => console.error(text) });
  attempts = await supervisedAttempts(python);
  recipe = recipeSchema.parse({
    ...(parse(await readFile(tiny, 'utf8')) as object),
    ...{ maxSteps: 12, saveSteps: 4, warmupSteps: 2, batchSize: 4, logSteps: 1, threads: 1, graceS: 2 },
    tokenizer: { vocabSize: 512, lineTokens: 64, minLineRows: 3 },
    distributed: { launch: 'torchrun', ranks: 2 },
  });
  plan = await attempts.plan(recipe, sftJsonl(64, 1));
}, 15 * minutes);
afterAll(() => attempts?.[Symbol.asyncDispose]());

it(
  'ends with the very model of an undisturbed run after one rank was killed',
  async () => {
    const undisturbed = await attempts.launch('training/undisturbed', plan);
    const first = await attempts.follow('training/undisturbed', plan, undisturbed.epoch);
    expect(first.outcome).toMatchObject({ class: 'completed', step: 12, checkpoints: [4, 8, 12] });

    const hellos = first.events.filter(({ ev }) => ev === 'hello');
    expect(hellos.map(({ rank }) => rank).toSorted((a, b) => a - b)).toEqual([0, 1]);
    for (const hello of hellos) expect(strategyFault(recipe, hello as never)).toBeUndefined();
    expect(hellos[0]).toMatchObject({ worldSize: 2, strategy: { kind: 'ddp', precision: 'fp32' } });
    const [newest] = await checkpointRows(attempts.scope('training/undisturbed', plan));
    expect(newest?.manifest?.files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['model.safetensors', 'optimizer.pt', 'rng_state_0.pth', 'rng_state_1.pth']),
    );

    const killed = await attempts.launch('training/killed', plan);
    let victim: number | undefined;
    const second = await attempts.follow('training/killed', plan, killed.epoch, (event) => {
      if (event.ev === 'hello' && event.rank === 1) victim = event['pid'] as number;
      // In the middle of its steps after the first save.
      if (event.ev === 'step' && event.step === 6 && victim !== undefined) {
        process.kill(victim, 'SIGKILL');
        victim = undefined;
      }
    });
    expect(second.outcome).toMatchObject({ beforeFirstStep: false, resumeStep: null });
    expect(mayResume, second.outcome.evidence).toContain(second.outcome.class);
    expect(second.events.filter(({ ev }) => ev === 'end')).toEqual([]);
    const steps = await verifiedSteps(attempts.scope('training/killed', plan));
    expect(steps[0]).toBe(4);

    const resumed = await attempts.launch('training/killed', plan);
    expect(resumed).toMatchObject({ resumeStep: steps.at(-1), quarantined: [] });
    const third = await attempts.follow('training/killed', plan, resumed.epoch);
    expect(third.outcome).toMatchObject({ class: 'completed', resumeStep: steps.at(-1) });
    const model = (run: string, epoch: number) =>
      hashFiles(attemptLayout(attempts.root, run, epoch).artefact);
    expect(await model('training/killed', resumed.epoch)).toEqual(
      await model('training/undisturbed', undisturbed.epoch),
    );
    // Each attempt writes to its own output.
    const rows = await checkpointRows(attempts.scope('training/killed', plan));
    expect(rows.find(({ step }) => step === 12)?.directory).toBe(
      join(attemptLayout(attempts.root, 'training/killed', resumed.epoch).output, 'checkpoint-12'),
    );
  },
  10 * minutes,
);
