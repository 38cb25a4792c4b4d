/** Interruptions where they hurt: while a trainer is being launched, and while the watch itself is broken. */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let parts: TrainingParts;
let workers: AsyncDisposable;
let tools: string;

/** A Python in which every shim takes its time to start. */
async function slowPython(): Promise<string> {
  tools = await mkdtemp(join(tmpdir(), 'masgpt-slow-'));
  await chmod(tools, 0o755);
  const path = join(tools, 'python3');
  const script = '#!/bin/sh\ncase "$1" in *shim.py) sleep 3 ;; esac\nexec /usr/bin/python3 "$@"\n';
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

beforeAll(async () => {
  process.env['MASGPT_PYTHON'] = await slowPython();
  parts = await trainingParts();
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
  await rm(tools, { recursive: true, force: true });
});

const seen = (name: string) => parts.progress(name).catch(() => undefined);
const attempts = (name: string) =>
  parts.database
    .selectFrom('training_attempts')
    .select(['state', 'outcome'])
    .where('run', '=', `training/${name}`)
    .execute();

/** Shims and trainers of this run, by the paths in their command lines. */
async function processesOf(name: string): Promise<string[]> {
  const directory = join(parts.home, 'training', name, 'attempts');
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(directory));
}

async function beingLaunched(name: string) {
  await parts.addRecipe(name, { maxSteps: 2_000, saveSteps: 10, stepS: 0.05 });
  const handle = await parts.start(name, { dataset: 'rows', recipe: name });
  const spec = join(parts.home, 'training', name, 'attempts', '1', 'spec.json');
  await until(() => stat(spec).catch(() => undefined));
  expect((await seen(name))?.state).toBe('launching');
  return handle;
}

it('leaves no trainer when a run is cancelled while it is launched', async () => {
  const handle = await beingLaunched('cancelled-early');
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  expect(await processesOf('cancelled-early')).toEqual([]);
  expect(await attempts('cancelled-early')).toEqual([{ state: 'ended', outcome: 'cancelled' }]);
}, 180_000);

it('leaves no trainer when a run is aborted while it is launched', async () => {
  const handle = await beingLaunched('aborted-early');
  await handle.executeUpdate('abort', { args: [{ reason: 'a wrong recipe' }] });
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: 'Training.Failed', message: expect.stringContaining('a wrong recipe') },
  });
  expect(await processesOf('aborted-early')).toEqual([]);
  const [only, ...others] = await attempts('aborted-early');
  expect(others).toEqual([]);
  expect(only?.state).toBe('ended');
}, 180_000);

it('waits for a person when the watch is broken, and watches the same trainer again', async () => {
  const name = 'unwatched';
  await parts.addRecipe(name, { maxSteps: 300, saveSteps: 50, stepS: 0.05 });
  const handle = await parts.start(name, { dataset: 'rows', recipe: name });
  await until(async () => (await seen(name))?.done);
  const { trainerPid } = await parts.attemptFile(name, 1, 'attempt.json');
  const blob = await blobWith('"maxSteps":300');
  const recipe = await readFile(blob);
  await writeFile(blob, 'what a bad disk gave');
  await workers[Symbol.asyncDispose]();
  workers = await parts.startWorkers();
  const parked = await until(async () => {
    const progress = await seen(name);
    return progress?.state === 'needsOperator' && progress;
  });
  expect(parked.cause).toContain('unknown/watch: the trainer may still run; resume watches it again');
  expect(parked.training?.parked?.evidence).toContain('Storage.Corrupt');
  expect(parked.training?.accepts).toEqual(['resume', 'abort']);
  expect(await attempts(name)).toEqual([{ state: 'running', outcome: null }]);
  await writeFile(blob, recipe);
  await handle.executeUpdate('resume');
  expect(await handle.result()).toMatchObject({ state: 'succeeded', attempts: 1, steps: 300 });
  expect(await parts.attemptFile(name, 1, 'attempt.json')).toMatchObject({ trainerPid });
  expect(await attempts(name)).toEqual([{ state: 'ended', outcome: 'completed' }]);
}, 240_000);

async function blobWith(text: string): Promise<string> {
  const root = join(parts.home, 'blobs');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files) if ((await readFile(file, 'utf8')).includes(text)) return file;
  throw new Error(`no blob holds ${text}`);
}
