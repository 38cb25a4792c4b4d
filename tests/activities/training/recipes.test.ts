/** The product's own recipes, and what the pinned libraries make of them: each argument is taken, on a CPU, by the same script. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadRecipe, ownRecipes, type Recipe, recipeSchema } from '../../../activities/training/recipe.ts';
import { ensurePython } from '../../../workers/host/python-environment.ts';

const names = ['qwen2.5-coder-32b-full', 'qwen2.5-coder-7b-lora', 'smollm2-135m-lora', 'tiny'];
const script = fileURLToPath(new URL('../../support/check-arguments.py', import.meta.url));
let recipes: Readonly<Record<string, Recipe>>;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'masgpt-recipes-'));
  const loaded = await Promise.all(
    names.map(async (name) => [name, await loadRecipe(name, [ownRecipes])] as const),
  );
  recipes = Object.fromEntries(loaded);
});
afterAll(() => rm(home, { recursive: true, force: true }));

it('each begins with a line on the hardware', async () => {
  const files = (await readdir(ownRecipes)).toSorted();
  expect(files).toEqual(names.map((name) => `${name}.yaml`));
  for (const file of files)
    expect(await readFile(join(ownRecipes, file), 'utf8')).toMatch(/^# .*(?:CPU|GPU)/);
});

it('the large one has the paper’s batch, epochs and rate', () => {
  const recipe = recipes['qwen2.5-coder-32b-full'];
  if (recipe?.kind !== 'sft') throw new Error('not of kind sft');
  const batch = recipe.batchSize * recipe.gradientAccumulation * (recipe.distributed?.ranks ?? 0);
  expect(batch).toBe(32);
  expect(recipe.maxSteps).toBe(Math.ceil((3 * 11_442) / batch));
  expect(recipe.learningRate).toBe(1e-5);
});

it('the pinned libraries take every argument', async () => {
  const python = await ensurePython('trainer', { note: (text) => console.error(text) });
  const packed = { ...recipes['qwen2.5-coder-7b-lora'], packing: true };
  const reply = await new Promise<string>((resolve, reject) => {
    const env = { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1' };
    const child = execFile(python, [script, home], { env }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    child.stdin?.end(JSON.stringify({ ...recipes, packed }));
  });
  const { recipes: found, stopping } = JSON.parse(reply) as {
    readonly recipes: Readonly<Record<string, unknown>>;
    readonly stopping: unknown;
  };
  expect(found['tiny']).toMatchObject({ batch: 8, recompute: false, packing: false, nanFilter: false });
  expect(found['smollm2-135m-lora']).toMatchObject({
    strategy: { kind: 'single', precision: 'fp32' },
    // Seven linear layers in each of two, with two matrices each.
    ...{ adapters: 28, othersFrozen: true, baseName: 'a-model' },
  });
  expect(found['qwen2.5-coder-7b-lora']).toMatchObject({
    ...{ strategy: { kind: 'single', precision: 'bf16' }, bf16: true, recompute: true, batch: 32 },
    ...{ adapters: 28, othersFrozen: true },
  });
  expect(found['packed']).toMatchObject({ packing: true });
  expect(found['qwen2.5-coder-32b-full']).toMatchObject({
    ...{ strategy: { kind: 'fsdp2', precision: 'bf16' }, bf16: true, recompute: false },
    fsdp: {
      ...{ version: 2, states: 'SHARDED_STATE_DICT', reshard: true, recompute: true, rank0Reads: true },
      precision: 'torch.bfloat16',
    },
  });
  // Last evaluations that did not fall, by at least the delta; NaN is no fall.
  expect(stopping).toEqual([null, [20, 2], null, [10, 2], [10, 2], null]);
}, 300_000);

it.each<[string, object, RegExp]>([
  ['scratch without a tokenizer', { tokenizer: undefined }, /tokenizer/],
  ['a local model with one', { model: { base: 'local', name: 'm' } }, /has its own/],
  ['a model name that climbs', { model: { base: 'local', name: '../m' } }, /name/],
  ['adapters on nothing', { lora: { rank: 4, alpha: 8, targets: 'all-linear' } }, /adapters need/],
  [
    'early stopping without evaluation',
    { earlyStopping: { metric: 'eval_loss', patience: 1 } },
    /evaluation/,
  ],
  [
    'early stopping by what is judged outside',
    { evaluation: { rows: 4 }, earlyStopping: { metric: 'executability', patience: 1 } },
    /metric/,
  ],
  ['more programs than rows', { evaluation: { rows: 2, programs: 3 } }, /programs/],
  ['two precisions', { precision: 'fp16', strategy: { kind: 'single', precision: 'bf16' } }, /precision/],
  ['shards in one process', { strategy: { kind: 'fsdp2' } }, /distributed/],
  ['zero3 by the product', { strategy: { kind: 'zero3' } }, /kind command/],
  [
    'programs of a sharded model',
    {
      ...{ strategy: { kind: 'fsdp2' }, distributed: { launch: 'torchrun', ranks: 2 } },
      evaluation: { rows: 4, programs: 2 },
    },
    /sharded/,
  ],
])('%s is refused', (_, changed, words) => {
  const parsed = recipeSchema.safeParse({ ...recipes['tiny'], ...changed });
  expect(parsed.success).toBe(false);
  expect(parsed.error?.message).toMatch(words);
});
