/** A whole run of the product's own trainer in two ranks that accelerate starts: one is killed, and the model is that of an undisturbed run. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ensurePython } from '../../../workers/host/python-environment.ts';
import { sftJsonl } from '../../support/sft-rows.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

const minutes = 60_000;
const tiny = fileURLToPath(
  new URL('../../../activities/training/trainer/recipes/tiny.yaml', import.meta.url),
);

let parts: TrainingParts;
let workers: AsyncDisposable;

beforeAll(async () => {
  await ensurePython('trainer', { note: (text) => console.error(text) });
  parts = await trainingParts();
  await parts.addDataset('programs', sftJsonl(64, 1));
  const recipe = {
    ...(parse(await readFile(tiny, 'utf8')) as object),
    ...{ maxSteps: 12, saveSteps: 4, warmupSteps: 2, batchSize: 4, logSteps: 1, threads: 1, graceS: 2 },
    tokenizer: { vocabSize: 512, lineTokens: 64, minLineRows: 3 },
    distributed: { launch: 'accelerate', ranks: 2 },
  };
  await writeFile(join(parts.home, 'recipes', 'two-ranks.yaml'), stringify(recipe));
  workers = await parts.startWorkers();
}, 15 * minutes);

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

it(
  'resumes after a rank was killed, and ends with the very model',
  async () => {
    const start = (name: string) => parts.start(name, { dataset: 'programs', recipe: 'two-ranks' });
    const undisturbed = await (await start('accelerate-calm')).result();
    expect(undisturbed).toMatchObject({ state: 'succeeded', steps: 12, attempts: 1 });

    const handle = await start('accelerate-killed');
    await until(async () =>
      (await parts.progress('accelerate-killed').catch(() => undefined))?.training?.checkpoints.includes(4),
    );
    const hello = (await readFile(eventsOf(1), 'utf8')).split('\n').find((line) => line.includes('"hello"'));
    const { worldSize, pid } = JSON.parse(hello ?? '{}') as { worldSize: number; pid: number };
    expect(worldSize).toBe(2);
    process.kill(pid, 'SIGKILL');
    const killed = await handle.result();
    expect(killed).toMatchObject({ state: 'succeeded', steps: 12, attempts: 2 });
    // The digest covers every file of the model, weights included, bit for bit.
    expect(killed.artefact).toBe(undisturbed.artefact);
  },
  15 * minutes,
);

/** Of the first attempt. */
function eventsOf(rank: number): string {
  return join(parts.home, 'training', 'accelerate-killed', 'attempts', '1', `events.${rank}.jsonl`);
}
