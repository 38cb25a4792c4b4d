/** superviseTraining with the stand-in trainer: real processes, files, database and Temporal server. */
import { createHash } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../support/training-parts.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';
import { replayTraining } from '../../support/training-workers.ts';

const steps = { maxSteps: 40, saveSteps: 10 } as const;
const rows = '{"messages":[]}\n';

let parts: TrainingParts;
let workers: AsyncDisposable;

beforeAll(async () => {
  parts = await trainingParts();
  await parts.addDataset('rows', rows);
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

/** The state that 40 undisturbed steps lead to: the stand-in's chain of hashes. */
function undisturbed(): string {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  let state = sha256(`${rows}0`);
  for (let step = 1; step <= steps.maxSteps; step += 1) state = sha256(`${state}:${step}`);
  return state;
}

async function start(
  name: string,
  faults: readonly Fault[],
  options: { stepS?: number; stepLimitS?: number } = {},
) {
  await parts.addRecipe(name, { ...steps, ...options, faults });
  return parts.start(name, { dataset: 'rows', recipe: name });
}

const attempts = async (name: string) => {
  const found = await parts.database
    .selectFrom('training_attempts')
    .select(['outcome', 'resume_step'])
    .where('run', '=', `training/${name}`)
    .orderBy('epoch')
    .execute();
  return found.map((row) => [row.outcome, row.resume_step]);
};

const savedSteps = async (name: string) => {
  const found = await parts.database
    .selectFrom('training_checkpoints')
    .select('step')
    .where('run', '=', `training/${name}`)
    .execute();
  return found.map(({ step }) => step);
};

const resumedAt = (name: string, epoch: number) => until(async () => (await attempts(name))[epoch - 1]?.[1]);

const parked = (name: string) =>
  until(async () => {
    const progress = await parts.progress(name).catch(() => undefined);
    return progress?.state === 'needsOperator' && progress;
  });

describe('an attempt that ends', () => {
  it('is a success only when all is there; the same start finds the model again', async () => {
    const result = await (await start('plain', [])).result();
    expect(result).toMatchObject({ run: 'training/plain', state: 'succeeded', steps: 40, attempts: 1 });
    expect(await parts.finalState('plain', result.artefact)).toBe(undisturbed());
    expect(await (await parts.start('plain', { dataset: 'rows', recipe: 'plain' })).result()).toEqual(result);
    expect(await attempts('plain')).toEqual([['completed', null]]);
    const kept = await parts.database
      .selectFrom('training_checkpoints')
      .select(['step', 'state'])
      .where('run', '=', 'training/plain')
      .orderBy('step')
      .execute();
    expect(kept.map(({ step, state }) => `${step} ${state}`)).toEqual([
      '10 pruned',
      '20 verified',
      '30 verified',
      '40 verified',
    ]);
  });

  it.each<[string, readonly Fault[], string, number | null]>([
    ['killed', [{ at: 'step', step: 25, kind: 'kill', once: true }], 'killed', 20],
    ['torn-save', [{ at: 'save', step: 30, kind: 'kill', once: true }], 'killed', 20],
    ['clean-exit', [{ at: 'step', step: 15, kind: 'exit0', once: true }], 'earlyCleanExit', 10],
    ['abort', [{ at: 'step', step: 5, kind: 'abort', once: true }], 'crashNative', null],
    ['nan', [{ at: 'step', step: 33, kind: 'nan', once: true }], 'nan', 30],
  ])(
    '%s: resumes from the verified checkpoint and ends with the weights of an undisturbed run',
    async (name, faults, outcome, resumed) => {
      const result = await (await start(name, faults)).result();
      expect(await attempts(name)).toEqual([
        [outcome, null],
        ['completed', resumed],
      ]);
      expect(await parts.finalState(name, result.artefact)).toBe(undisturbed());
    },
  );

  it('loses its shim: the trainer goes with it, and the next attempt resumes', async () => {
    const handle = await start('shimless', [], { stepS: 0.1 });
    await until(async () => (await savedSteps('shimless')).length > 0);
    const { pid } = await parts.attemptFile('shimless', 1, 'attempt.json');
    process.kill(pid as number, 'SIGKILL');
    const result = await handle.result();
    expect((await attempts('shimless'))[0]).toEqual(['killed', null]);
    expect(result.attempts).toBe(2);
    expect(await parts.finalState('shimless', result.artefact)).toBe(undisturbed());
  });

  it('is fenced off when its workflow was terminated and the run is started again', async () => {
    const first = await start('fenced', [], { stepS: 0.1 });
    await until(async () => (await savedSteps('fenced')).length > 0);
    const { trainerPid } = await parts.attemptFile('fenced', 1, 'attempt.json');
    await first.terminate('an operator did');
    const result = await (await parts.start('fenced', { dataset: 'rows', recipe: 'fenced' })).result();
    expect(() => process.kill(trainerPid as number, 0)).toThrow('ESRCH');
    expect((await attempts('fenced')).map(([outcome]) => outcome)).toEqual(['superseded', 'completed']);
    expect(await resumedAt('fenced', 2)).toBeGreaterThan(0);
    expect(await parts.finalState('fenced', result.artefact)).toBe(undisturbed());
  });

  it('hangs: is killed after the phase limit and resumed', async () => {
    const result = await (
      await start('hang', [{ at: 'step', step: 12, kind: 'hang', once: true }], { stepLimitS: 2 })
    ).result();
    expect(await attempts('hang')).toEqual([
      ['hang', null],
      ['completed', 10],
    ]);
    expect(await parts.finalState('hang', result.artefact)).toBe(undisturbed());
  });
});

describe('a run that should not go on alone', () => {
  it('parks before the first step, refuses what the state does not allow, and resumes by an update', async () => {
    const handle = await start('misconfigured', [{ at: 'start', kind: 'valueError', once: true }]);
    const progress = await parked('misconfigured');
    expect(progress.cause).toContain('config');
    expect(progress.details).toContain('masgpt training resume misconfigured');
    await expect(handle.executeUpdate('pause')).rejects.toThrow(WorkflowUpdateFailedError);
    await expect(handle.executeUpdate('retryFromCheckpoint', { args: [{ step: 10 }] })).rejects.toThrow(
      WorkflowUpdateFailedError,
    );
    await expect(handle.executeUpdate('abort', { args: [{}] })).rejects.toThrow(WorkflowUpdateFailedError);
    expect(await handle.executeUpdate('resume')).toBe('accepted');
    expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  it('parks after the same failure without advance; retries from an older step; aborts as failed', async () => {
    const handle = await start('stubborn', [{ at: 'step', step: 25, kind: 'nan' }]);
    expect((await parked('stubborn')).cause).toContain('nan');
    expect(await attempts('stubborn')).toEqual([
      ['nan', null],
      ['nan', 20],
    ]);
    await handle.executeUpdate('retryFromCheckpoint', { args: [{ step: 10 }] });
    expect(await resumedAt('stubborn', 3)).toBe(10);
    await parked('stubborn');
    await handle.executeUpdate('abort', { args: [{ reason: 'diverges' }] });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Training.Failed' } });
  });

  it('parks when every checkpoint is damaged, and rolls back when an older one is whole', async () => {
    const name = 'damaged';
    const handle = await start(name, [{ at: 'step', step: 35, kind: 'valueError' }]);
    await parked(name);
    const damage = async (step: number) => {
      const { directory } = await parts.database
        .selectFrom('training_checkpoints')
        .select('directory')
        .where('run', '=', `training/${name}`)
        .where('step', '=', step)
        .where('state', '=', 'verified')
        .executeTakeFirstOrThrow();
      await appendFile(join(directory, 'state.json'), ' ');
    };
    await damage(30);
    await handle.executeUpdate('resume');
    // The attempt made step 30 anew, so that three steps are whole again: damage them all.
    expect(await resumedAt(name, 3)).toBe(20);
    await parked(name);
    for (const step of [10, 20, 30]) await damage(step);
    await handle.executeUpdate('resume');
    const lost = await parked(name);
    expect(lost.cause).toContain('checkpointCorrupt');
    expect(lost.details).toContain('begin again at step 0');
    // Never by itself: only as a person says.
    const before = (await attempts(name)).length;
    await handle.executeUpdate('retryFromCheckpoint', { args: [{ step: 0 }] });
    await until(async () => (await attempts(name)).length > before);
    expect((await attempts(name))[before]?.[1]).toBeNull();
    await parked(name);
    await handle.executeUpdate('abort', { args: [{ reason: 'nothing left' }] });
    await expect(handle.result()).rejects.toThrow();
  });

  it('pauses with a checkpoint, resumes, and a cancel stops the trainer', async () => {
    const handle = await start('paused', [], { stepS: 0.1 });
    await until(async () => (await parts.progress('paused').catch(() => undefined))?.done);
    await handle.executeUpdate('pause');
    await until(async () => (await parts.progress('paused')).state === 'paused');
    await handle.executeUpdate('resume');
    await until(
      async () => (await attempts('paused')).length === 2 && (await attempts('paused'))[1]?.[1] !== null,
    );
    await until(async () => (await parts.progress('paused')).state === 'running');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect((await attempts('paused')).map(([outcome]) => outcome)).toEqual(['stopped', 'cancelled']);
    expect(await parts.attemptFile('paused', 2, 'exit.json')).toMatchObject({ code: 0 });
  });
});

it('replays every history of these runs', async () => {
  const ended = parts.client.workflow.list({
    query: `TaskQueue = "${parts.taskQueue}" and WorkflowType = "superviseTraining"`,
  });
  let replayed = 0;
  for await (const { workflowId, runId } of ended) {
    const history = await parts.client.workflow.getHandle(workflowId, runId).fetchHistory();
    await replayTraining(workflowId, history);
    replayed += 1;
  }
  expect(replayed).toBeGreaterThan(10);
});

describe('input', () => {
  const hostile: [string, unknown, string][] = [
    ['nothing', undefined, 'Input.Invalid'],
    ['text', 'tiny', 'Input.Invalid'],
    ['a path as recipe', { dataset: 'rows', recipe: '../../etc/passwd' }, 'Input.Invalid'],
    ['a command', { dataset: 'rows', command: ['sh'] }, 'Input.Invalid'],
    ['an unknown recipe', { dataset: 'rows', recipe: 'huge' }, 'Input.NotFound'],
    ['an unknown dataset', { dataset: 'none', recipe: 'plain' }, 'Input.NotFound'],
    ['an unknown launcher', { dataset: 'rows', launcher: 'cloud' }, 'Input.NotFound'],
    ['a broken recipe', { dataset: 'rows', recipe: 'broken' }, 'Input.Invalid'],
    ['a seed out of range', { dataset: 'rows', seed: -1 }, 'Input.Invalid'],
  ];
  it.each(hostile)('%s is refused at once', async (label, input, type) => {
    await writeFile(join(parts.home, 'recipes', 'broken.yaml'), 'kind: command\nv: 1\nshell: true\n');
    const handle = await parts.client.workflow.start('superviseTraining', {
      taskQueue: parts.taskQueue,
      workflowId: `training/hostile-${label.replaceAll(' ', '-')}`,
      args: input === undefined ? [] : [input],
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type } });
  });
});
