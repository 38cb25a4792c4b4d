/** superviseTraining with the stand-in trainer: real processes, files, database and Temporal server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

const steps = { maxSteps: 40, saveSteps: 10 } as const;

let parts: TrainingParts;
let workers: AsyncDisposable;

beforeAll(async () => {
  parts = await trainingParts();
  await parts.addDataset('rows', '{"messages":[]}\n');
  await parts.addRecipe('plain', steps);
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

const run = async (name: string, recipe: string) =>
  (await parts.start(name, { dataset: 'rows', recipe })).result();

const outcomes = async (name: string) => {
  const rows = await parts.database
    .selectFrom('training_attempts')
    .select(['outcome', 'resume_step'])
    .where('run', '=', `training/${name}`)
    .orderBy('epoch')
    .execute();
  return rows.map((row) => [row.outcome, row.resume_step]);
};

describe('superviseTraining', () => {
  it('trains, registers the model, and finds it again', async () => {
    const result = await run('plain', 'plain');
    expect(result).toMatchObject({ run: 'training/plain', state: 'succeeded', steps: 40, attempts: 1 });
    expect(await run('plain', 'plain')).toEqual(result);
    expect(await outcomes('plain')).toEqual([['completed', null]]);
  });
});
