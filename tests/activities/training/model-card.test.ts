/** Cards of models: what they say, and that no foreign text gets out of its place. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { toJson, toText } from '../../../activities/storage/encode.ts';
import { listModels } from '../../../activities/training/list-models.ts';
import { cardDirectory, type ModelCard, writeModelCard } from '../../../activities/training/model-card.ts';
import { modelCardReadme } from '../../../activities/training/model-card-readme.ts';
import type { TrainingPlan, TrainingResult } from '../../../workflows/training/contract.ts';
import { commandRecipe } from '../../support/checkpoint-files.ts';
import { type FreshDatabase, freshDatabase } from '../../support/environment.ts';
import { evilCorpus, marker } from '../../support/evil-corpus.ts';

const run = 'training/carded';
const artefact = 'a'.repeat(64);
const result: TrainingResult = {
  ...{ run, state: 'succeeded', artefact, steps: 40, attempts: 2, finalLoss: 0.25, trainSeconds: 90 },
};

let root: string;
let fresh: FreshDatabase;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'masgpt-card-'));
  fresh = await freshDatabase();
});
afterEach(async () => {
  await fresh[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

async function trained(
  more: { readonly simulated?: boolean; readonly text?: string } = {},
): Promise<ModelCard> {
  const { database } = fresh;
  const { simulated = false, text = 'here' } = more;
  const blobs = createDirectoryBlobs(join(root, 'blobs'));
  const rows = await blobs.put('{"messages":[]}\n');
  const readme = await blobs.put('---\npretty_name: "x"\nlicense: "cc-by-4.0"\n---\n');
  const recipe = { ...commandRecipe(), options: { text } };
  const plan = {
    ...{ dataset: 'rows', recipe: 'small', launcher: 'local', seed: 3 },
    ...{ datasetSha256: rows, rows: 12, maxSteps: 40, recipeSha256: await blobs.put(JSON.stringify(recipe)) },
  } as unknown as TrainingPlan;
  await database
    .insertInto('runs')
    .values({
      ...{ namespace: 'default', kind: 'dataset', name: 'rows', tenant: 'default', state: 'succeeded' },
      ...{ workflow_id: 'dataset/rows', first_run_id: 'x', run_id: 'x', input_hash: 'x', simulated },
      input: toJson({ queries: [{ source: 'generated-train', limit: 12 }] }),
      result: toJson({ rows: 12, files: { 'sft.jsonl': rows, 'card.md': readme, 'manifest.json': 'm' } }),
    })
    .execute();
  const attempt = { run, host: toText(text), directory: 'x', state: 'ended' as const };
  await database
    .insertInto('training_attempts')
    .values([
      {
        ...{ ...attempt, epoch: 1, minted_by: '1', outcome: 'killed', resume_step: null },
        ...{ evidence: toJson({ cause: `killed/${text}`, step: 25 }), started_at: at(0), ended_at: at(40) },
      },
      {
        ...{ ...attempt, epoch: 2, minted_by: '2', outcome: 'completed', resume_step: 20 },
        ...{
          evidence: toJson({ cause: 'completed/allSteps', step: 40 }),
          started_at: at(50),
          ended_at: at(100),
        },
      },
    ] as never)
    .execute();
  await database
    .insertInto('training_checkpoints')
    .values([
      {
        ...{
          run,
          step: 20,
          epoch: 1,
          directory: 'x',
          digest: 'd',
          state: 'verified',
          reason: null,
          bytes: 7,
        },
        manifest: toJson({ versions: { torch: text } }),
        metrics: toJson({ [text]: 0.5, loss: 0.75 }),
      },
    ])
    .execute();
  await writeModelCard({ database, blobs, root }, result, plan);
  return JSON.parse(
    await readFile(join(cardDirectory(root, run, artefact), 'model-card.json'), 'utf8'),
  ) as ModelCard;
}

const readReadme = (): Promise<string> =>
  readFile(join(cardDirectory(root, run, artefact), 'README.md'), 'utf8');

/** The YAML between the first two fences. */
const headerOf = (readme: string): Record<string, unknown> =>
  parse(readme.split('---\n')[1] ?? '') as Record<string, unknown>;

describe('a card', () => {
  it('says on what, how, where and in how many attempts a model was trained', async () => {
    const card = await trained();
    expect(card).toMatchObject({
      ...{ run, artefact, simulated: false, licence: 'cc-by-4.0', seed: 3, versions: { torch: 'here' } },
      dataset: {
        ...{ name: 'rows', rows: 12, manifestSha256: 'm', licence: 'cc-by-4.0' },
        input: { queries: [{ source: 'generated-train', limit: 12 }] },
      },
      recipe: { name: 'small', content: { kind: 'command' } },
      result: { steps: 40, attempts: 2, finalLoss: 0.25 },
      time: { wallS: 100, withoutTrainerS: 10, stepsMadeAgain: 5 },
    });
    expect(card.attempts).toMatchObject([
      { epoch: 1, class: 'killed', fromStep: 0, toStep: 25 },
      { epoch: 2, class: 'completed', fromStep: 20, toStep: 40 },
    ]);
    expect(card.checkpoints).toMatchObject([{ step: 20, bytes: 7, metrics: { loss: 0.75 } }]);
    const readme = await readReadme();
    expect(headerOf(readme)).toEqual({
      ...{ license: 'cc-by-4.0', datasets: ['rows'], language: ['en'], pipeline_tag: 'text-generation' },
      tags: ['masgpt-temporal', 'multi-agent-systems'],
    });
    expect(readme).not.toContain('Simulated');
    for (const text of [artefact, 'killed/here', '0.75', '100.0 s', '10.0 s']) expect(readme).toContain(text);
  });

  it('says that scores of the simulated driver are simulated', async () => {
    expect((await trained({ simulated: true })).simulated).toBe(true);
    const readme = await readReadme();
    expect(readme).toContain('> **Simulated.**');
    expect(headerOf(readme)['tags']).toContain('simulated');
  });

  it('names a base model by its page, and its licence where it is known', async () => {
    const card = await trained();
    const { recipe } = card;
    const readme = modelCardReadme({
      ...card,
      baseModel: {
        name: 'smollm2-135m-instruct',
        hubId: 'HuggingFaceTB/SmolLM2-135M-Instruct',
        sha256: 'f'.repeat(64),
      },
      recipe: { ...recipe, content: { ...recipe.content, kind: 'sft' } as never },
    });
    expect(headerOf(readme)).toMatchObject({
      ...{ base_model: 'HuggingFaceTB/SmolLM2-135M-Instruct', library_name: 'transformers' },
      tags: ['masgpt-temporal', 'multi-agent-systems', 'trl'],
    });
  });
});

it('is found with its model, which is told from one whose files are elsewhere', async () => {
  await trained();
  const { database } = fresh;
  const directory = join(root, 'carded', 'artefacts', `${artefact}-card`);
  const dataset = await database.selectFrom('runs').select('result').executeTakeFirstOrThrow();
  const dataset_sha256 = (dataset.result as { files: Record<string, string> }).files['sft.jsonl'] ?? '';
  await database
    .insertInto('artefacts')
    .values([
      {
        run,
        sha256: artefact,
        directory,
        recipe: 'small',
        dataset_sha256,
        metrics: toJson({ result }),
        created_at: at(9),
      },
      {
        run: 'training/gone',
        sha256: 'b',
        directory: '/nowhere',
        recipe: 'x',
        dataset_sha256: 'y',
        metrics: toJson({}),
        created_at: at(8),
      },
    ] as never)
    .execute();
  const models = await listModels(database, root);
  expect(models).toMatchObject([
    {
      run,
      steps: 40,
      finalLoss: 0.25,
      dataset: 'rows',
      bytes: expect.any(Number),
      card: join(directory, 'README.md'),
    },
    { run: 'training/gone', steps: null, finalLoss: null, dataset: null, bytes: null, card: null },
  ]);
  expect(await listModels(database, root, { run: 'training/gone' })).toHaveLength(1);
});

it.each(Object.entries(evilCorpus))('keeps %s in its place', async (_name, text) => {
  const card = await trained({ text });
  const readme = modelCardReadme({ ...card, versions: { [text]: text }, run: text });
  expect(readme).toContain(marker);
  const header = readme.split('---\n')[1] ?? '';
  expect(Object.keys(headerOf(readme))).toEqual(['license', 'datasets', 'language', 'pipeline_tag', 'tags']);
  expect(header).not.toContain(marker);
  // Outside of the fence nothing acts: no tag, link, mark or further heading of the text's own.
  const outside = readme.replace(/```json\n[\s\S]*?\n```/, '');
  expect(outside).not.toContain('```');
  expect(outside).not.toMatch(/<\/?[a-z!]/i);
  expect(outside).not.toMatch(/\]\(|:\/\/evil/);
  // oxlint-disable-next-line no-control-regex
  expect(readme).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E]/);
  const fences = readme.split('\n').filter((line) => line.startsWith('```'));
  expect(fences).toEqual(['```json', '```']);
});
