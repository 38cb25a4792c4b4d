/** Inputs, names and directories that are no good: refused, or shown to a person, and never the start of a trainer. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let parts: TrainingParts;
let workers: AsyncDisposable;

beforeAll(async () => {
  parts = await trainingParts({ training: { hostSilentS: 1 } });
  await parts.addDataset('rows', '{"messages":[]}\n');
  await parts.addRecipe('plain', { maxSteps: 40, saveSteps: 10, stepS: 0.05 });
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

it.each([
  [{ dataset: 'nobody-built-it', recipe: 'plain' }, 'no dataset nobody-built-it'],
  [{ dataset: 'unfinished', recipe: 'plain' }, 'only a finished one can be trained on'],
  [{ dataset: 'empty', recipe: 'plain' }, 'has no rows'],
  [{ dataset: 'rows', recipe: 'unknown' }, 'no recipe unknown; known: plain'],
  [{ dataset: 'rows', recipe: 'plain', launcher: 'unknown' }, 'no launcher unknown'],
  [{ dataset: '../rows', recipe: 'plain' }, 'dataset'],
  [{ dataset: 'rows', recipe: '../plain' }, 'recipe'],
])('refuses %j', async (input, words) => {
  if (input.dataset === 'empty') await parts.addDataset('empty', '');
  if (input.dataset === 'unfinished') {
    await parts.addDataset('unfinished', '{}\n');
    const { database } = parts;
    await database.updateTable('runs').set({ state: 'running' }).where('name', '=', 'unfinished').execute();
  }
  const name = `bad-${words.replaceAll(/[^a-z]+/g, '-').slice(0, 40)}x`;
  const handle = await parts.start(name, input);
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: expect.stringMatching(/^Input\./), message: expect.stringContaining(words) },
  });
  expect(await readdir(join(parts.home, 'training')).catch(() => [])).not.toContain(name);
});

it('shows a directory in which nothing can be written, and starts nothing there', async () => {
  await mkdir(join(parts.home, 'training'), { recursive: true });
  // The kernel lets nobody make files there, root neither.
  await symlink('/sys/kernel', join(parts.home, 'training', 'unwritable'));
  const handle = await parts.start('unwritable', { dataset: 'rows', recipe: 'plain' });
  const stuck = await until(async () => {
    const progress = await parts.progress('unwritable').catch(() => undefined);
    return progress?.cause?.includes('no attempt can start') && progress;
  });
  expect(stuck.cause).toMatch(/E(?:PERM|ACCES|ROFS)/);
  expect(stuck.state).toBe('launching');
  await handle.executeUpdate('abort', { args: [{ reason: 'no place' }] });
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Training.Failed' } });
  const rows = await parts.database
    .selectFrom('training_attempts')
    .select('pid')
    .where('run', '=', 'training/unwritable')
    .execute();
  expect(rows.every(({ pid }) => pid === null)).toBe(true);
}, 180_000);

it('is one run, however often it is started under its name', async () => {
  const handle = await parts.start('twice', { dataset: 'rows', recipe: 'plain' });
  await expect(parts.start('twice', { dataset: 'rows', recipe: 'plain' })).rejects.toThrow(
    WorkflowExecutionAlreadyStartedError,
  );
  expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 1 });
}, 180_000);

const parked = (name: string, cause: string) =>
  until(async () => {
    const progress = await parts.progress(name).catch(() => undefined);
    const isParked = progress?.state === 'needsOperator' && progress.cause?.includes(cause);
    return isParked ? progress : undefined;
  });

it('goes back to no checkpoint that is in quarantine', async () => {
  const steps = { maxSteps: 40, saveSteps: 10 } as const;
  await parts.addRecipe('spoilt', { ...steps, faults: [{ at: 'step', step: 15, kind: 'valueError' }] });
  const handle = await parts.start('spoilt', { dataset: 'rows', recipe: 'spoilt' });
  const first = await parked('spoilt', '');
  expect(first.training?.checkpoints).toEqual([10]);
  const output = join(parts.home, 'training', 'spoilt', 'attempts', '1', 'output');
  await writeFile(join(output, 'checkpoint-10', 'state.json'), '{"state":"of somebody else"}');
  await handle.executeUpdate('resume');
  const second = await parked('spoilt', 'checkpointCorrupt/none');
  expect(second.training?.checkpoints).toEqual([]);
  const error = await handle
    .executeUpdate('retryFromCheckpoint', { args: [{ step: 10 }] })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  expect(((error as WorkflowUpdateFailedError).cause as Error).message).toContain(
    'no verified checkpoint at step 10; verified are: none',
  );
  await handle.executeUpdate('abort', { args: [{ reason: 'spoilt' }] });
  await expect(handle.result()).rejects.toThrow();
}, 180_000);
