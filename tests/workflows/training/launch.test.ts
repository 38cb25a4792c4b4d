/** Launches under disturbance: whatever happens to the workflow, one trainer runs, and the lower epoch is dead before it. */
import { readFile, readdir } from 'node:fs/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintProved } from '../../../activities/training/mint-epoch.ts';
import { launchAttemptType, superviseTrainingType } from '../../../workflows/training/contract.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let parts: TrainingParts;
let workers: AsyncDisposable;

beforeAll(async () => {
  parts = await trainingParts({ training: { hostSilentS: 1 } });
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

const slow = { maxSteps: 40, saveSteps: 10, stepS: 0.1 } as const;

async function start(name: string) {
  await parts.addRecipe(name, slow);
  return parts.start(name, { dataset: 'rows', recipe: name });
}

const rows = (name: string) =>
  parts.database
    .selectFrom('training_attempts')
    .select(['epoch', 'outcome', 'state', 'host'])
    .where('run', '=', `training/${name}`)
    .orderBy('epoch')
    .execute();

const stepping = (name: string) =>
  until(async () => (await parts.progress(name).catch(() => undefined))?.done);

/** Trainers of this run that live, told by the mark in their environment. */
async function trainersOf(name: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [environment, command, stat] = await Promise.all(
        ['environ', 'cmdline', 'stat'].map((file) =>
          readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''),
        ),
      );
      // Of this test's own home: others may run the same names on this machine.
      const isTrainer = command?.includes('stand-in-trainer.py') && command.includes(parts.home);
      // Each trainer leads a session; a version manager's python3 is a script that forks before it is Python.
      const session = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[3] ?? '';
      return isTrainer && environment?.includes(`training/${name}:`) ? [session] : [];
    }),
  );
  return [...new Set(found.flat())];
}

/** The most trainers of a run that were seen at one moment while `work` went on. */
async function mostTrainers<T>(name: string, work: Promise<T>): Promise<{ most: number; result: T }> {
  let most = 0;
  let done = false;
  const looking = (async () => {
    while (!done) {
      most = Math.max(most, (await trainersOf(name)).length);
      await new Promise((wake) => setTimeout(wake, 25));
    }
  })();
  const result = await work.finally(() => (done = true));
  await looking;
  return { most, result };
}

async function eventIds(workflowId: string, runId: string) {
  const { events } = await parts.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const all = events ?? [];
  const completedTasks = all.flatMap((event) =>
    event.workflowTaskCompletedEventAttributes ? [Number(event.eventId)] : [],
  );
  const launching = all.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
  const launched = all.find((event) => event.childWorkflowExecutionCompletedEventAttributes);
  return {
    beforeLaunch: Math.max(...completedTasks.filter((id) => id < Number(launching?.eventId))),
    afterLaunch: Math.min(...completedTasks.filter((id) => id > Number(launched?.eventId))),
  };
}

async function reset(workflowId: string, runId: string, eventId: number): Promise<void> {
  await parts.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId },
    reason: 'a test',
    requestId: crypto.randomUUID(),
    workflowTaskFinishEventId: eventId as unknown as never,
  });
}

describe('a launch', () => {
  it('is a child workflow, whose end is waited for', async () => {
    const handle = await start('child');
    expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 1 });
    const child = parts.client.workflow.getHandle(`${handle.workflowId}/launch/1`);
    expect(await child.result()).toMatchObject({ kind: 'launched', epoch: 1, resumeStep: null });
    await recordHistory(parts.client, handle.workflowId, 'training-plain');
    await recordHistory(parts.client, child.workflowId, 'training-launch');
  });

  it('goes on with its trainer when the workflow is reset to a point after it', async () => {
    const handle = await start('reset-after');
    await stepping('reset-after');
    const { runId } = await handle.describe();
    const ids = await eventIds(handle.workflowId, runId);
    const before = await trainersOf('reset-after');
    const work = (async () => {
      await reset(handle.workflowId, runId, ids.afterLaunch);
      return parts.client.workflow.getHandle(handle.workflowId).result();
    })();
    const { most, result } = await mostTrainers('reset-after', work);
    expect(most).toBe(1);
    expect(before).toHaveLength(1);
    expect(result).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect((await rows('reset-after')).map(({ outcome }) => outcome)).toEqual(['completed']);
  });

  it('is made anew, after the first trainer is dead, when the workflow is reset to a point before it', async () => {
    const handle = await start('reset-before');
    await stepping('reset-before');
    const { runId } = await handle.describe();
    const ids = await eventIds(handle.workflowId, runId);
    const work = (async () => {
      await reset(handle.workflowId, runId, ids.beforeLaunch);
      return parts.client.workflow.getHandle(handle.workflowId).result();
    })();
    const { most, result } = await mostTrainers('reset-before', work);
    expect(most).toBe(1);
    expect(result).toMatchObject({ state: 'succeeded' });
    const outcomes = (await rows('reset-before')).map(({ outcome }) => outcome);
    expect(outcomes.at(-1)).toBe('completed');
    expect(outcomes.slice(0, -1).every((outcome) => outcome === 'superseded')).toBe(true);
  });

  it('is fenced when its parent was terminated in the middle of it and the run is started again', async () => {
    const handle = await start('terminated');
    const row = await until(async () => (await rows('terminated'))[0]);
    await handle.terminate('a test');
    expect(row.epoch).toBe(1);
    const again = await parts.start('terminated', { dataset: 'rows', recipe: 'terminated' });
    const { most, result } = await mostTrainers('terminated', again.result());
    expect(most).toBe(1);
    expect(result).toMatchObject({ state: 'succeeded' });
    const all = await rows('terminated');
    expect(all.filter(({ outcome }) => outcome === 'completed')).toHaveLength(1);
    expect(all.every(({ state }) => state === 'ended')).toBe(true);
  });

  it('is made anew when one that a predecessor left behind has fenced it off', async () => {
    const handle = await start('left-behind');
    await stepping('left-behind');
    const launched = await parts.client.workflow.getHandle(`${handle.workflowId}/launch/1`).fetchHistory();
    const order = launched.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    const work = (async () => {
      await parts.client.workflow.start(launchAttemptType, {
        ...{ taskQueue: parts.taskQueue, workflowId: `${handle.workflowId}/launch/99` },
        args: [defaultPayloadConverter.fromPayload(order as never)],
      });
      return handle.result();
    })();
    const { most, result } = await mostTrainers('left-behind', work);
    expect(most).toBe(1);
    expect(result).toMatchObject({ state: 'succeeded' });
    const outcomes = (await rows('left-behind')).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['superseded', 'superseded', 'completed']);
  });

  it('is refused under another workflow id while the run is open, and fences when it is not', async () => {
    const handle = await start('other-id');
    await stepping('other-id');
    const startOther = (id: string) =>
      parts.client.workflow.start(superviseTrainingType, {
        ...{ taskQueue: parts.taskQueue, workflowId: id },
        args: [{ name: 'other-id', dataset: 'rows', recipe: 'other-id' }],
      });
    const other = await startOther(`elsewhere-${parts.taskQueue}`);
    await expect(other.result()).rejects.toMatchObject({ cause: { type: 'Run.NameTaken' } });
    expect(await trainersOf('other-id')).toHaveLength(1);
    await handle.terminate('a test');
    const third = await startOther(`third-${parts.taskQueue}`);
    const { most, result } = await mostTrainers('other-id', third.result());
    expect(most).toBe(1);
    expect(result).toMatchObject({ state: 'succeeded' });
    expect((await rows('other-id')).map(({ outcome }) => outcome)).toEqual(['superseded', 'completed']);
  });

  it('keeps its epoch when its worker dies between the epoch and the trainer', async () => {
    const name = 'between';
    await workers[Symbol.asyncDispose]();
    workers = await parts.startWorkers({ queues: ['workflows', 'gpu'] });
    const handle = await start(name);
    await until(async () => (await rows(name))[0]);
    await workers[Symbol.asyncDispose]();
    expect(await trainersOf(name)).toEqual([]);
    workers = await parts.startWorkers();
    expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 1 });
    const all = await rows(name);
    expect(all.filter(({ outcome }) => outcome === 'completed')).toHaveLength(1);
    expect(all.every(({ state }) => state === 'ended')).toBe(true);
  });
});

describe('an epoch', () => {
  it('is the same at each retry, another for each caller, and none while another host may hold a trainer', async () => {
    const { database } = parts;
    const mint = (mintedBy: string, host = 'here') =>
      mintProved(database, { run: 'training/minted', mintedBy, host });
    const first = await Promise.all([mint('a'), mint('a'), mint('a')]);
    expect(first).toEqual(first.map(() => ({ kind: 'minted', epoch: 1, host: 'here' })));
    expect(await mint('b')).toEqual({ kind: 'minted', epoch: 2, host: 'here' });
    expect(await mint('c', 'there')).toEqual({ kind: 'unproved', epoch: 1, host: 'here' });
    // A retry elsewhere is told where it began.
    expect(await mint('a', 'there')).toEqual({ kind: 'minted', epoch: 1, host: 'here' });
    await database
      .updateTable('training_attempts')
      .set({ state: 'ended' })
      .where('run', '=', 'training/minted')
      .execute();
    expect(await mint('c', 'there')).toEqual({ kind: 'minted', epoch: 3, host: 'there' });
  });
});
