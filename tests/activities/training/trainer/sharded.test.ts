/**
 * The recipe of the 32B model on a small random one of its kind: two ranks with FSDP2, here on a CPU (tests/support/fsdp-on-cpu.py).
 * A resume from its shards ends with the model of an undisturbed run, bit for bit.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jobOf } from '../../../../activities/training/job.ts';
import { attemptLayout } from '../../../../activities/training/layout.ts';
import { hashFiles, listFiles } from '../../../../activities/training/manifest.ts';
import { needsOf } from '../../../../activities/training/checkpoints/layouts.ts';
import { trainerScript } from '../../../../activities/training/ports.ts';
import { loadRecipe, ownRecipes, type Recipe, recipeSchema } from '../../../../activities/training/recipe.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import { sftJsonl } from '../../../support/sft-rows.ts';

const run = promisify(execFile);
const support = (name: string): string => fileURLToPath(new URL(`../../../support/${name}`, import.meta.url));
const env = { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1' };
const minutes = 60_000;
let home: string;
let python: string;
let recipe: Recipe;

beforeAll(async () => {
  python = await ensurePython('trainer', { note: (text) => console.error(text) });
  home = await mkdtemp(join(tmpdir(), 'masgpt-sharded-'));
  await writeFile(join(home, 'rows.jsonl'), sftJsonl(40, 1));
  await run(python, [support('random-base.py'), join(home, 'model'), join(home, 'rows.jsonl'), 'qwen2'], {
    env,
  });
  recipe = recipeSchema.parse({
    ...(await loadRecipe('qwen2.5-coder-32b-full', [ownRecipes])),
    ...{ maxSteps: 4, saveSteps: 2, warmupSteps: 0, logSteps: 1, batchSize: 1, threads: 1, maxLength: 2048 },
    ...{ learningRate: 0.01, evaluation: { rows: 2 }, distributed: { launch: 'torchrun', ranks: 2 } },
    strategy: { kind: 'fsdp2', precision: 'fp32' },
  });
}, 15 * minutes);
afterAll(() => rm(home, { recursive: true, force: true }));

async function train(epoch: number, resume: { directory: string; step: number } | null) {
  const layout = attemptLayout(home, 'training/sharded', epoch);
  for (const directory of [layout.output, layout.artefact]) await mkdir(directory, { recursive: true });
  const base = { name: 'm', kind: 'directory', path: join(home, 'model'), sha256: 'm' } as const;
  const job = jobOf(layout, {
    ...{ run: 'training/sharded', epoch, dataset: join(home, 'rows.jsonl'), seed: 0, resume, recipe },
    ...{ configSha: 'c', dataSha: 'd', base: { ...base, converted: join(home, 'none') } },
  });
  await writeFile(layout.job, JSON.stringify(job));
  const torchrun = ['--nnodes=1', '--nproc-per-node=2', '--max-restarts=0', '--rdzv-backend=c10d'];
  const local = ['--rdzv-endpoint=127.0.0.1:0', '--local-addr=127.0.0.1'];
  const script = [support('fsdp-on-cpu.py'), trainerScript, layout.job];
  await run(python, ['-m', 'torch.distributed.run', ...torchrun, ...local, ...script], {
    ...{ env, cwd: layout.directory },
    maxBuffer: 64 * 1024 * 1024,
  });
  return layout;
}

it(
  'saves shards by rank, resumes from them, and writes one whole model',
  async () => {
    const whole = await train(1, null);
    const events = (await readFile(whole.events, 'utf8')).trim().split('\n');
    const told = events.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told.find(({ ev }) => ev === 'hello')).toMatchObject({
      strategy: { kind: 'fsdp2' },
      worldSize: 2,
    });
    expect(told.at(-1)).toMatchObject({ ev: 'end', reason: 'completed', step: 4 });

    const checkpoint = join(whole.output, 'checkpoint-2');
    const files = await listFiles(checkpoint);
    for (const need of needsOf(recipe, 2, 2)) expect(files).toEqual(expect.arrayContaining([need[0]]));
    const parts = await Promise.all(
      [0, 1].map(async (rank) => {
        const part = await readFile(join(whole.output, 'parts', `2.${rank}.json`), 'utf8');
        return (JSON.parse(part) as { files: { path: string }[] }).files.map(({ path }) => path);
      }),
    );
    expect(parts[1]).toEqual([
      'optimizer_0/__1_0.distcp',
      'pytorch_model_fsdp_0/__1_0.distcp',
      'rng_state_1.pth',
    ]);
    expect(parts.flat().toSorted()).toEqual(files);

    const resumed = await train(2, { directory: checkpoint, step: 2 });
    expect(await hashFiles(resumed.artefact)).toEqual(await hashFiles(whole.artefact));
    expect(await listFiles(whole.artefact)).toContain('model.safetensors');
  },
  15 * minutes,
);
