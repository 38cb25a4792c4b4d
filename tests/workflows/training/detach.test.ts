/**
 * On a server without the product's search attributes: a watch that is paused or reset from Temporal's UI, or handed to a new run of the workflow, leaves its trainer
 * alone.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startImpatientTemporal } from '../../support/impatient-temporal.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let temporal: { readonly address: string } & AsyncDisposable;
let parts: TrainingParts;
let workers: AsyncDisposable;

beforeAll(async () => {
  temporal = await startImpatientTemporal(60, { searchAttributes: false });
  parts = await trainingParts({ address: temporal.address });
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
  await temporal?.[Symbol.asyncDispose]();
});

async function start(name: string, recipe: Partial<Parameters<TrainingParts['addRecipe']>[1]> = {}) {
  await parts.addRecipe(name, { maxSteps: 60, saveSteps: 20, stepS: 0.2, ...recipe });
  return parts.start(name, { dataset: 'rows', recipe: name });
}

const stepping = (name: string) =>
  until(async () => (await parts.progress(name).catch(() => undefined))?.done);

it.each(['pause', 'reset'] as const)('%s of the watching activity', async (what) => {
  const handle = await start(what, { maxSteps: 100 });
  await stepping(what);
  const before = await parts.attemptFile(what, 1, 'attempt.json');
  const execution = { workflowId: handle.workflowId };
  const about = { namespace: 'default', execution, identity: 'somebody', type: 'watchAttempt' };
  const { workflowService } = parts.client;
  const attemptsOfWatch = async () =>
    (await handle.describe()).raw.pendingActivities?.find(
      (activity) => activity.activityType?.name === 'watchAttempt',
    );
  if (what === 'pause') {
    await workflowService.pauseActivity(about);
    await until(async () => (await attemptsOfWatch())?.state === pausedState);
    // Long enough for a trainer that were stopped to be gone.
    await new Promise((wake) => setTimeout(wake, 2_000));
    process.kill(before['trainerPid'] as number, 0);
    await workflowService.unpauseActivity(about);
  } else await workflowService.resetActivity(about);
  expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 1, steps: 100 });
  expect(await parts.attemptFile(what, 1, 'attempt.json')).toEqual(before);
  expect(await parts.attemptFile(what, 1, 'exit.json')).toMatchObject({ code: 0, reason: null });
});

/** temporal.api.enums.v1.PendingActivityState */
const pausedState = 4;

it('goes on as a new run of the workflow, parks there, and resumes after its worker was replaced', async () => {
  const name = 'continued';
  const handle = await start(name, { faults: [{ at: 'step', step: 50, kind: 'valueError' }], saveSteps: 5 });
  const first = (await handle.describe()).runId;
  const current = parts.client.workflow.getHandle(handle.workflowId);
  await stepping(name);
  while ((await current.describe()).runId === first)
    await current.signal('trainingStep', {
      ...{ epoch: 1, phase: 'train', step: 10, maxSteps: 60, loss: 1, checkpoints: [], losses: [] },
    });
  const progress = await until(async () => {
    const now = await current
      .query<Awaited<ReturnType<typeof parts.progress>>>('progress')
      .catch(() => undefined);
    return now?.state === 'needsOperator' && now;
  });
  expect(progress.training?.attempts.map((attempt) => attempt.class)).toEqual(
    progress.training?.attempts.map(() => 'config'),
  );
  const parkedAt = await current.describe();
  expect(parkedAt.runId).not.toBe(first);
  const searched = parkedAt.typedSearchAttributes.getAll().map(({ key }) => key.name);
  expect(searched.filter((key) => key.startsWith('Masgpt'))).toEqual([]);
  await workers[Symbol.asyncDispose]();
  workers = await parts.startWorkers();
  await parts.addRecipe(name, { maxSteps: 60, saveSteps: 5 });
  await current.executeUpdate('retryFromCheckpoint', { args: [{ step: 45, why: 'try once more' }] });
  const again = await until(async () => {
    const now = await current.query<Awaited<ReturnType<typeof parts.progress>>>('progress');
    const isNew = (now.training?.attempts.length ?? 0) > (progress.training?.attempts.length ?? 0);
    return isNew && now.state === 'needsOperator' && now;
  });
  expect(again.training?.attempts.at(-1)).toMatchObject({ fromStep: 45, class: 'config' });
  expect(again.training?.operations).toMatchObject([{ update: 'retryFromCheckpoint', why: 'try once more' }]);
  await current.executeUpdate('abort', { args: [{ reason: 'seen' }] });
  await expect(current.result()).rejects.toThrow();
  await recordHistory(parts.client, handle.workflowId, 'training-continued');
});
