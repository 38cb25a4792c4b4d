/** What operators do to training runs: updates, what is refused, what is kept, what a waiting run shows and costs. */
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../../workflows/shared/progress.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type Fault, type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

const steps = { maxSteps: 40, saveSteps: 10 } as const;

let parts: TrainingParts;
let workers: AsyncDisposable;

beforeAll(async () => {
  parts = await trainingParts();
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

async function start(name: string, faults: readonly Fault[], options: { stepS?: number } = {}) {
  await parts.addRecipe(name, { ...steps, ...options, faults });
  return parts.start(name, { dataset: 'rows', recipe: name });
}

const inState = (name: string, state: string): Promise<Progress> =>
  until(async () => {
    const progress = await parts.progress(name).catch(() => undefined);
    return progress?.state === state && progress;
  });

const refusal = (handle: WorkflowHandle, update: string, ...args: unknown[]): Promise<string> =>
  handle.executeUpdate(update, { args: args as [] }).then(
    () => 'accepted',
    (error: unknown) => {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      return (error.cause as Error).message;
    },
  );

const outcomes = async (name: string) => {
  const rows = await parts.database
    .selectFrom('training_attempts')
    .select(['outcome', 'resume_step'])
    .where('run', '=', `training/${name}`)
    .orderBy('epoch')
    .execute();
  return rows.map(({ outcome, resume_step }) => [outcome, resume_step]);
};

describe('a run that waits for a person', () => {
  it('refuses what it does not take, and wrong arguments, with what it takes', async () => {
    const handle = await start('refusing', [{ at: 'step', step: 25, kind: 'valueError' }]);
    await inState('refusing', 'needsOperator');
    const taken = 'resume, retryFromCheckpoint, changeConfig, abort';
    expect(await refusal(handle, 'pause')).toContain(`this one is needsOperator, and takes ${taken}`);
    expect(await refusal(handle, 'saveNow')).toContain('saveNow is for runs that are running');
    expect(await refusal(handle, 'declareLost', { epoch: 1, reason: 'x' })).toContain('whose host is silent');
    for (const step of [-10, 2.5, '10', null, Number.MAX_VALUE])
      expect(await refusal(handle, 'retryFromCheckpoint', { step })).toContain('verified are: 10, 20');
    expect(await refusal(handle, 'retryFromCheckpoint', { step: 30 })).toContain(
      'no verified checkpoint at step 30; verified are: 10, 20',
    );
    expect(await refusal(handle, 'retryFromCheckpoint')).toContain('example: { "step": 20 }');
    expect(await refusal(handle, 'resume', { step: 10 })).toContain('step: there is no such field');
    expect(await refusal(handle, 'resume', 'now')).toContain('must be an object');
    expect(await refusal(handle, 'resume', { by: 'x'.repeat(101) })).toContain('at most 100 characters');
    expect(await refusal(handle, 'abort', {})).toContain('example: { "reason"');
    expect(await refusal(handle, 'abort', { reason: 'x'.repeat(501) })).toContain('1 to 500 characters');
    const change = (fields: unknown): Promise<string> => refusal(handle, 'changeConfig', fields);
    expect(await change({ learningRate: 0.1 })).toContain(
      'learningRate cannot change within a run: a resume restores it',
    );
    expect(await change({ model: {} })).toContain('another model is another run');
    expect(await change({ command: ['sh'] })).toContain('start another run with another recipe');
    expect(await change({ maxSteps: 39 })).toContain('upward only: it is 40');
    expect(await change({ saveSteps: 0 })).toContain('a whole number from 1 on');
    expect(await change({ saveSteps: 41 })).toContain('saveSteps 41 is beyond maxSteps 40');
    expect(await change({ batchSize: 2 })).toContain('change together');
    expect(await change({ batchSize: 2, gradientAccumulation: 2 })).toContain('names no batchSize');
    expect(await change({ phaseLimitS: { nap: 3 } })).toContain('seconds by phase');
    expect(await change({})).toContain('name what changes');
    expect((await parts.progress('refusing')).training?.operations).toEqual([]);
    await handle.executeUpdate('abort', { args: [{ reason: 'seen enough' }] });
    await expect(handle.result()).rejects.toThrow();
    expect(await outcomes('refusing')).toHaveLength(2);
  });

  it('shows cause, evidence, last verified step and choices with commands and arguments', async () => {
    const handle = await start('showing', [{ at: 'step', step: 25, kind: 'valueError' }]);
    const { cause, details, training } = await inState('showing', 'needsOperator');
    expect(cause).toMatch(/^config.*without advance/);
    expect(details).toContain('Last verified checkpoint: step 20');
    // As tables of the UI: cells end with room for the next.
    const plain = details?.replaceAll('\u00A0', '');
    expect(plain).toMatch(/\| \S+ \| 10, 20 \|/);
    expect(plain).toMatch(/\| 1 \| \S+ \| (?:systemd|cgroup2|cgroup1|session) \| 0 to 24 \| config \|/);
    expect(plain).toMatch(/\| 2 \| \S+ \| (?:systemd|cgroup2|cgroup1|session) \| 20 to 24 \| config \|/);
    expect(details).toContain('`masgpt training retry-from showing --step 10`');
    expect(details).toContain('`{"step":10}`');
    expect(training?.parked?.choices.map(({ update }) => update)).toEqual([
      'resume',
      'retryFromCheckpoint',
      'changeConfig',
      'abort',
    ]);
    // Every argument that is shown is one that is taken, but for the aborting one.
    const [resume, retry, change] = training?.parked?.choices ?? [];
    expect(await refusal(handle, 'changeConfig', { ...JSON.parse(change?.input ?? ''), saveSteps: 5 })).toBe(
      'accepted',
    );
    expect(resume?.input).toBe('{}');
    expect(await refusal(handle, 'retryFromCheckpoint', JSON.parse(retry?.input ?? ''))).toBe('accepted');
    await until(async () => (await outcomes('showing'))[2]?.[1]);
    const waited = await until(async () => (await parts.progress('showing')).training?.attempts[1]?.waitedMs);
    expect(waited).toBeGreaterThan(0);
    expect((await outcomes('showing'))[2]?.[1]).toBe(10);
    await inState('showing', 'needsOperator');
    await handle.executeUpdate('abort', { args: [{ reason: 'done' }] });
    await expect(handle.result()).rejects.toThrow();
  });

  it('keeps who did what, when and why, in its progress and in the database', async () => {
    const handle = await start('kept', [{ at: 'start', kind: 'valueError', once: true }]);
    await inState('kept', 'needsOperator');
    await handle.executeUpdate('changeConfig', { args: [{ saveSteps: 20, by: 'Ada', why: 'fewer saves' }] });
    await handle.executeUpdate('resume', { args: [{}] });
    const { training } = await until(async () => {
      const progress = await parts.progress('kept');
      return (progress.training?.operations.length ?? 0) > 1 && progress;
    });
    const identity = parts.client.options.identity;
    expect(training?.operations).toMatchObject([
      { update: 'changeConfig', by: 'Ada', why: 'fewer saves', argument: '{"saveSteps":20}' },
      { update: 'resume', by: identity, why: '', argument: '' },
    ]);
    expect(await handle.result()).toMatchObject({ state: 'succeeded', steps: 40 });
    const rows = await parts.database
      .selectFrom('training_operations')
      .select(['operation', 'operator', 'identity', 'why', 'argument'])
      .where('run', '=', 'training/kept')
      .orderBy('at')
      .execute();
    expect(rows).toEqual([
      {
        operation: 'changeConfig',
        operator: 'Ada',
        identity,
        why: 'fewer saves',
        argument: '{"saveSteps":20}',
      },
      { operation: 'resume', operator: '', identity, why: '', argument: '' },
    ]);
    const saved = await parts.database
      .selectFrom('training_checkpoints')
      .select('step')
      .where('run', '=', 'training/kept')
      .orderBy('step')
      .execute();
    expect(saved.map(({ step }) => step)).toEqual([20, 40]);
    await recordHistory(parts.client, handle.workflowId, 'training-operated');
  });

  it('goes on from its checkpoints after a change, and trains to the new length', async () => {
    const handle = await start('longer', [{ at: 'step', step: 25, kind: 'abort' }]);
    await inState('longer', 'needsOperator');
    await handle.executeUpdate('changeConfig', { args: [{ maxSteps: 60 }] });
    expect((await parts.progress('longer')).total).toBe(60);
    await handle.executeUpdate('resume');
    await until(async () => (await outcomes('longer'))[2]?.[1]);
    expect((await outcomes('longer'))[2]?.[1]).toBe(20);
    const job = await parts.attemptFile('longer', 3, 'job.json');
    expect(job).toMatchObject({ recipe: { maxSteps: 60, saveSteps: 10 } });
    await inState('longer', 'needsOperator');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  });

  it('costs nothing while it waits: no event, no timer, no activity', async () => {
    const handle = await start('waiting', [{ at: 'start', kind: 'valueError' }]);
    await inState('waiting', 'needsOperator');
    const described = () => handle.describe();
    let before = await described();
    // The task that parked it may still be reporting.
    await until(async () => {
      const now = await described();
      const same = now.historyLength === before.historyLength;
      before = now;
      return same;
    });
    await new Promise((wake) => setTimeout(wake, 5_000));
    const after = await described();
    expect(after.historyLength).toBe(before.historyLength);
    expect(after.raw.pendingActivities ?? []).toEqual([]);
    expect(after.raw.pendingChildren ?? []).toEqual([]);
    const history = await handle.fetchHistory();
    const timers = history.events?.filter((event) => event.timerStartedEventAttributes) ?? [];
    const fired = history.events?.filter((event) => event.timerFiredEventAttributes) ?? [];
    expect(fired.length).toBe(timers.length);
    await handle.executeUpdate('abort', { args: [{ reason: 'enough' }] });
    await expect(handle.result()).rejects.toThrow();
  });

  it('is found by one query for its state and cause', async () => {
    const handle = await start('found', [{ at: 'start', kind: 'valueError' }]);
    await inState('found', 'needsOperator');
    const listed = async (query: string): Promise<string[]> => {
      const found: string[] = [];
      for await (const { workflowId } of parts.client.workflow.list({ query })) found.push(workflowId);
      return found;
    };
    const mine = `WorkflowId = "${handle.workflowId}"`;
    const query = `${mine} and MasgptState = "needsOperator" and MasgptCause starts_with "config"`;
    await until(async () => (await listed(query)).includes(handle.workflowId));
    expect(await listed(`${mine} and MasgptRecipe = "found"`)).toEqual([handle.workflowId]);
    await handle.executeUpdate('abort', { args: [{ reason: 'enough' }] });
    await expect(handle.result()).rejects.toThrow();
    await until(async () => (await listed(`${mine} and MasgptState = "failed"`)).includes(handle.workflowId));
    expect(await listed(query)).toEqual([]);
  });
});

describe('a run under way', () => {
  it('saves at once when told, and is paused and aborted with its work saved and its trainer gone', async () => {
    const handle = await start('busy', [], { stepS: 0.3 });
    await until(async () => (await parts.progress('busy').catch(() => undefined))?.done);
    expect(await refusal(handle, 'resume')).toContain('takes pause, saveNow, abort');
    await handle.executeUpdate('saveNow');
    const verified = await until(async () => (await parts.progress('busy')).training?.checkpoints.at(0));
    expect(verified % steps.saveSteps).not.toBe(0);
    await handle.executeUpdate('pause', { args: [{ why: 'the GPU is needed' }] });
    const paused = await inState('busy', 'paused');
    expect(paused.training?.attempts).toMatchObject([{ class: 'stopped' }]);
    await handle.executeUpdate('resume');
    await until(
      async () => (await parts.progress('busy')).state === 'running' && (await outcomes('busy')).length === 2,
    );
    await until(
      async () => (await parts.attemptFile('busy', 2, 'attempt.json').catch(() => undefined))?.['pid'],
    );
    const { trainerPid } = await parts.attemptFile('busy', 2, 'attempt.json');
    const before = (await parts.progress('busy')).training?.checkpoints.length ?? 0;
    await handle.executeUpdate('abort', { args: [{ reason: 'wrong data' }] });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'Training.Failed', message: expect.stringContaining('wrong data') },
    });
    expect(() => process.kill(trainerPid as number, 0)).toThrow('ESRCH');
    const ended = await parts.progress('busy');
    expect(ended).toMatchObject({ state: 'failed' });
    expect(ended.training?.checkpoints.length).toBeGreaterThan(before);
    const row = await parts.database
      .selectFrom('runs')
      .select(['state', 'cause'])
      .where('kind', '=', 'training')
      .where('name', '=', 'busy')
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'failed', cause: expect.stringContaining('wrong data') });
  });

  it('is paused and cancelled while it recovers, without another attempt', async () => {
    const faults: Fault[] = [{ at: 'step', step: 5, kind: 'kill' }];
    const paused = await start('recovering', faults);
    await inState('recovering', 'recovering');
    await paused.executeUpdate('pause');
    await inState('recovering', 'paused');
    const before = await outcomes('recovering');
    await paused.cancel();
    await expect(paused.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(await outcomes('recovering')).toEqual(before);
    expect((await parts.progress('recovering')).state).toBe('cancelled');
    await recordHistory(parts.client, paused.workflowId, 'training-cancelled');
  });
});
