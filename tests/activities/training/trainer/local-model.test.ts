/**
 * The product's trainer on a local model, small and random, of the kind that the large recipes train: adapters by the recipe of
 * the 7B model, killed and resumed bit for bit, merged, ended early; and what the trainer makes of a GGUF file.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attemptLayout } from '../../../../activities/training/layout.ts';
import { hashFiles } from '../../../../activities/training/manifest.ts';
import { loadRecipe, ownRecipes, type Recipe, recipeSchema } from '../../../../activities/training/recipe.ts';
import { createModelPlaces } from '../../../../workers/host/models.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import { sftJsonl, sftRows } from '../../../support/sft-rows.ts';
import { type SupervisedAttempts, supervisedAttempts } from '../../../support/supervised-attempts.ts';

const run = promisify(execFile);
const support = (name: string): string => fileURLToPath(new URL(`../../../support/${name}`, import.meta.url));
const env = { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1' };
const minutes = 60_000;

let home: string;
let python: string;
let attempts: SupervisedAttempts;
let recipe: Recipe;
const model = (): string => join(home, 'model');

beforeAll(async () => {
  python = await ensurePython('trainer', { note: (text) => console.error(text) });
  home = await mkdtemp(join(tmpdir(), 'masgpt-local-'));
  await writeFile(join(home, 'rows.jsonl'), sftJsonl(40, 1));
  await run(python, [support('random-base.py'), model(), join(home, 'rows.jsonl'), 'qwen2'], { env });
  const models = createModelPlaces({
    named: { 'qwen2.5-coder-7b-instruct': { path: model() } },
    python: () => Promise.resolve(python),
    note: () => {},
  });
  attempts = await supervisedAttempts(python, { models });
  const { gpus, ...large } = await loadRecipe('qwen2.5-coder-7b-lora', [ownRecipes]);
  expect(gpus).toMatchObject({ count: 1 });
  recipe = recipeSchema.parse({
    ...{ ...large, maxSteps: 6, saveSteps: 2, warmupSteps: 1, logSteps: 1, batchSize: 2, threads: 1 },
    ...{ gradientAccumulation: 1, graceS: 2, learningRate: 0.01, maxLength: 2048 },
    evaluation: { rows: 3, programs: 2, maxNewTokens: 12 },
    // It never falls by that much: after three evaluations it ends, at the very last step.
    earlyStopping: { metric: 'eval_loss', patience: 2, minDelta: 50 },
    keep: { last: 5 },
    // In bf16 two ways to add the same numbers may write another token; there weights were seen to resume bit for bit too.
    strategy: { kind: 'single', precision: 'fp32' },
  });
}, 15 * minutes);
afterAll(async () => {
  await attempts?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

it(
  'trains adapters, resumes them bit for bit, ends early alike, and merges them',
  async () => {
    const plan = await attempts.plan(recipe, sftJsonl(40, 1));
    const whole = await attempts.launch('training/whole', plan);
    const first = await attempts.follow('training/whole', plan, whole.epoch);
    expect(first.outcome, first.outcome.tail).toMatchObject({ class: 'completed', step: 6 });
    expect(first.events.find(({ ev }) => ev === 'hello')).toMatchObject({
      strategy: { kind: 'single', precision: 'fp32' },
    });
    expect(first.events.find(({ ev }) => ev === 'earlyStop')).toMatchObject({
      ...{ step: 6, metric: 'eval_loss', bestStep: 2, waited: 2 },
    });
    expect(first.events.find(({ ev }) => ev === 'end')).toMatchObject({ reason: 'earlyStop' });

    const killed = await attempts.launch('training/killed', plan);
    let victim: number | undefined;
    const second = await attempts.follow('training/killed', plan, killed.epoch, (event) => {
      if (event.ev === 'hello') victim = event['pid'] as number;
      if (event.ev === 'step' && event.step === 3 && victim !== undefined) {
        process.kill(victim, 'SIGKILL');
        victim = undefined;
      }
    });
    expect(second.outcome.class).not.toBe('completed');
    const resumed = await attempts.launch('training/killed', plan);
    expect(resumed.resumeStep).toBeGreaterThanOrEqual(2);
    const third = await attempts.follow('training/killed', plan, resumed.epoch);
    expect(third.outcome, third.outcome.tail).toMatchObject({ class: 'completed', step: 6 });
    // The patience of evaluations before the kill counts on.
    expect(third.events.find(({ ev }) => ev === 'earlyStop')).toMatchObject({ bestStep: 2, waited: 2 });
    const artefact = (name: string, epoch: number): string =>
      attemptLayout(attempts.root, `training/${name}`, epoch).artefact;
    const files = await hashFiles(artefact('whole', whole.epoch));
    expect(await hashFiles(artefact('killed', resumed.epoch))).toEqual(files);
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        ...['adapter/adapter_config.json', 'adapter/adapter_model.safetensors', 'chat_template.jinja'],
        ...['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json'],
      ]),
    );
    const config = await readFile(
      join(artefact('whole', whole.epoch), 'adapter', 'adapter_config.json'),
      'utf8',
    );
    expect(config).toContain('"base_model_name_or_path": "qwen2.5-coder-7b-instruct"');

    const told = first.events.filter(({ ev }) => ev === 'programs');
    expect(told.map(({ step }) => step)).toEqual([2, 4, 6]);
    const { directory } = attemptLayout(attempts.root, 'training/whole', whole.epoch);
    expect(await readdir(join(directory, 'programs'))).toEqual(['2.jsonl', '4.jsonl', '6.jsonl']);
    const written = (await readFile(join(directory, 'programs', '6.jsonl'), 'utf8')).trim().split('\n');
    const queries = sftRows(40, 1)
      .slice(-3, -1)
      .map(({ messages }) => messages[1]?.content);
    expect(written.map((line) => (JSON.parse(line) as { query: string }).query)).toEqual(queries);

    const prompts = join(home, 'prompts.json');
    await writeFile(prompts, JSON.stringify(sftRows(5, 77).map((row) => row.messages.slice(0, 2))));
    const { stdout } = await run(
      python,
      [support('check-artefact.py'), model(), artefact('whole', whole.epoch), prompts],
      { env },
    );
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ prompts: 5, asAdapters: 5, greedy: true, endsTurn: true, template: true },
    });
    expect((JSON.parse(stdout) as { asBase: number }).asBase).toBeLessThan(5);
  },
  15 * minutes,
);

it(
  'parks instead of going on with a changed model or changed rows',
  async () => {
    const plan = await attempts.plan(recipe, sftJsonl(40, 1));
    const refused = (cause: RegExp) =>
      expect(attempts.launch('training/killed', plan)).rejects.toMatchObject({
        type: 'Training.Refused',
        message: expect.stringMatching(cause),
      });
    const config = await readFile(join(model(), 'config.json'));
    await writeFile(join(model(), 'config.json'), `${config.toString('utf8')} `);
    await refused(/^modelChanged: .* has changed since attempt 1 /);
    await writeFile(join(model(), 'modeling_qwen.py'), '');
    await refused(/^modelRefused: .*modeling_qwen.py is code/);
    await rm(join(model(), 'modeling_qwen.py'));
    await writeFile(join(model(), 'config.json'), config);
    const data = join(attempts.root, 'killed', 'data', `${plan.datasetSha256}.jsonl`);
    await writeFile(data, sftJsonl(40, 2));
    await refused(/^dataChanged: .* is not what training\/killed was begun with/);
  },
  2 * minutes,
);

it(
  'reads a GGUF file into the model that it was made of, and keeps packed rows apart',
  async () => {
    const [directory, file, copy] = [join(home, 'llama'), join(home, 'llama.gguf'), join(home, 'base', 'x')];
    await mkdir(join(home, 'base'));
    await run(python, [support('random-base.py'), directory, join(home, 'rows.jsonl'), 'llama', file], {
      env,
    });
    const { stdout } = await run(python, [support('check-local-model.py'), directory, file, copy], { env });
    expect(JSON.parse(stdout)).toEqual({
      ...{ sameIds: true, sameLogits: true, quantised: false, usedAgain: true, madeAnewWhenChanged: true },
      special: ['<|im_start|>', '<|im_end|>', '<|endoftext|>'],
      turn: ['<|im_start|>assistant\n', 'Because\n<|im_end|>'],
      ...{ packedApart: true, packedLeaky: false, refused: true },
    });
  },
  5 * minutes,
);
