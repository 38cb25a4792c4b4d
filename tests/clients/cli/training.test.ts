/** `masgpt training …` as a user types it, on a stack of its own, with the stand-in trainer. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { openDatabase } from '../../../activities/storage/database.ts';
import { toJson } from '../../../activities/storage/encode.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { freshHome, masgpt, type RunningCommand, startMasgpt } from '../../support/masgpt.ts';
import { type Fault, until } from '../../support/training-parts.ts';

const standIn = fileURLToPath(new URL('../../support/stand-in-trainer.py', import.meta.url));

let home: Awaited<ReturnType<typeof freshHome>>;
let dev: RunningCommand;
let database: Database;
let config: string;

beforeAll(async () => {
  home = await freshHome();
  config = join(home.path, 'masgpt.config.yaml');
  await mkdir(join(home.path, 'recipes'));
  await writeFile(config, stringify({ training: { recipes: join(home.path, 'recipes') } }));
  dev = startMasgpt(['dev', '--home', home.path, '--config', config]);
  await dev.until(/Ctrl-C stops it/);
  const stack = JSON.parse(await readFile(join(home.path, 'stack.json'), 'utf8')) as {
    parts: { databaseUrl: string };
  };
  database = openDatabase(stack.parts.databaseUrl);
  const blobs = createDirectoryBlobs(join(home.path, 'blobs'));
  const files = { 'sft.jsonl': await blobs.put('{"messages":[]}\n') };
  await database
    .insertInto('runs')
    .values({
      ...{ namespace: 'default', kind: 'dataset', name: 'rows', tenant: 'default', state: 'succeeded' },
      ...{ workflow_id: 'dataset/rows', first_run_id: 'x', run_id: 'x', input_hash: 'x', input: toJson({}) },
      result: toJson({ rows: 1, files }),
    })
    .execute();
}, 300_000);

afterAll(async () => {
  await database?.destroy();
  dev.kill('SIGINT');
  await dev.ended;
  await home[Symbol.asyncDispose]();
}, 60_000);

const training = (...args: string[]) =>
  masgpt(['training', ...args, '--home', home.path, '--config', config]);

async function document(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await training(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function start(name: string, faults: readonly Fault[], stepS = 0.01): Promise<void> {
  const recipe = {
    ...{ kind: 'command', v: 1, maxSteps: 40, saveSteps: 10, graceS: 2, checkpointFiles: ['state.json'] },
    ...{ command: ['/usr/bin/env', 'python3', standIn], options: { faults, stepS } },
  };
  await writeFile(join(home.path, 'recipes', `${name}.yaml`), stringify(recipe));
  void training('start', '--dataset', 'rows', '--recipe', name, '--name', name);
  await until(async () => {
    const row = await database
      .selectFrom('runs')
      .select('state')
      .where('kind', '=', 'training')
      .where('name', '=', name)
      .executeTakeFirst();
    return row !== undefined;
  });
}

const inState = (name: string, state: string) =>
  until(async () => {
    const { stdout } = await training('show', name, '--json');
    const shown = JSON.parse(stdout || '{}') as { state?: string; step?: number };
    return shown.state === state && shown;
  });

describe('a run that waits', () => {
  it('is listed, shown with its choices, and resumed by its cause among many', async () => {
    await start('first', [{ at: 'start', kind: 'valueError', once: true }]);
    await start('second', [{ at: 'start', kind: 'valueError', once: true }]);
    await start('third', [{ at: 'step', step: 15, kind: 'abort' }]);
    for (const name of ['first', 'second', 'third']) await inState(name, 'needsOperator');

    const { runs } = (await document('list', '--state', 'needsOperator', '--cause', 'config')) as {
      runs: { name: string }[];
    };
    expect(runs.map(({ name }) => name).toSorted()).toEqual(['first', 'second']);
    const shown = await training('show', 'third');
    expect(shown.stdout).toContain('masgpt training retry-from third --step');
    expect(shown.stdout).toContain('crashNative');
    expect(shown.stdout).toMatch(/verified checkpoints: 10\n/);

    expect(await document('resume', '--cause', 'config', '--dry-run')).toMatchObject({
      ...{ dryRun: true, resumed: [], waiting: ['training/first', 'training/second'] },
    });
    await inState('first', 'needsOperator');
    expect(await document('resume', '--cause', 'config', '--why', 'mended', '--by', 'Ada')).toMatchObject({
      ...{ resumed: ['training/first', 'training/second'], refused: [] },
    });
    expect(await document('watch', 'first')).toMatchObject({ state: 'succeeded', steps: 40, attempts: 2 });
    const html = join(home.path, 'first.html');
    expect(await document('report', 'first', '--html', html)).toMatchObject({
      attempts: 2,
      reportPath: html,
    });
    const page = await readFile(html, 'utf8');
    for (const text of ['training/first', 'succeeded', 'config/ValueError', 'Ada', 'mended', 'saveSteps: 10'])
      expect(page).toContain(text);
    const after = (await document('show', 'second')) as { operations: unknown[] };
    expect(after.operations).toMatchObject([{ update: 'resume', by: 'Ada', why: 'mended' }]);
    await inState('third', 'needsOperator');
    expect(await document('resume', '--cause', 'config')).toMatchObject({ waiting: [], resumed: [] });

    const changed = await training('change-config', 'third', '--save-steps', '5', '--step-limit-s', '90');
    expect(changed).toMatchObject({ code: 0, stdout: expect.stringContaining('changeConfig accepted') });
    const aborted = await training('abort', 'third', '--reason', 'enough');
    expect(aborted.code).toBe(0);
    await inState('third', 'failed');
  }, 240_000);

  it('ends a command that only follows it, with its choices', async () => {
    await start('stuck', [{ at: 'start', kind: 'valueError' }]);
    await inState('stuck', 'needsOperator');
    const watched = await training('watch', 'stuck', '--json');
    expect(watched.code).toBe(1);
    expect(JSON.parse(watched.stdout)).toMatchObject({ state: 'needsOperator', step: 0, of: 40 });
    const again = await training('start', '--dataset', 'rows', '--recipe', 'stuck', '--name', 'stuck');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('masgpt training show stuck') });
    // What still waited for the run's end must not try again on the closed connection.
    expect(watched.stderr + again.stderr).not.toContain('Channel has been shut down');
  }, 120_000);
});

describe('a run under way', () => {
  it('saves, pauses, resumes, and its log is read and followed without escapes', async () => {
    // 40 steps of 4 s: it must not end by itself while the commands are typed.
    await start('busy', [], 4);
    await until(async () => ((await inState('busy', 'running')).step ?? 0) > 0);
    expect(await document('save', 'busy')).toEqual({
      run: 'training/busy',
      update: 'saveNow',
      accepted: true,
    });
    const log = join(home.path, 'training', 'busy', 'attempts', '1', 'trainer.log');
    await writeFile(log, 'one\ntwo \u001b[31mred\u001b[0m\u001b]0;title\u0007\nthree\n', { flag: 'a' });
    expect(await document('logs', 'busy', '--lines', '2')).toMatchObject({
      lines: ['two red', 'three'],
      attempt: 1,
    });
    const events = (await document('logs', 'busy', '--rank', '0', '--lines', '3')) as { lines: string[] };
    expect(events.lines.map((line) => (JSON.parse(line) as { rank: number }).rank)).toEqual([0, 0, 0]);
    const follower = startMasgpt([
      'training',
      'logs',
      'busy',
      '--follow',
      '--home',
      home.path,
      '--config',
      config,
    ]);
    await follower.until(/three/);
    await writeFile(log, 'four\n', { flag: 'a' });
    await follower.until(/four/);
    expect(await document('pause', 'busy', '--why', 'the GPU is needed')).toMatchObject({ accepted: true });
    await inState('busy', 'paused');
    expect((await follower.ended).code).toBe(0);
    const refused = await training('save', 'busy');
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('this one is paused, and takes'),
    });
    await document('resume', 'busy');
    await until(async () => (await inState('busy', 'running')).state);
    await document('abort', 'busy', '--reason', 'enough');
    await inState('busy', 'failed');
  }, 240_000);
});

describe('a finished model', () => {
  it('is listed and shown with its card, and not deleted while it is served', async () => {
    await start('finished', [{ at: 'step', step: 15, kind: 'kill', once: true }]);
    await inState('finished', 'succeeded');
    const { models } = (await document('models', 'finished')) as {
      models: {
        run: string;
        steps: number;
        dataset: string;
        card: string;
        directory: string;
        served: boolean;
      }[];
    };
    expect(models).toMatchObject([
      { run: 'training/finished', steps: 40, dataset: 'rows', recipe: 'finished', served: false },
    ]);
    const card = models[0]?.card ?? '';
    expect(await readFile(card, 'utf8')).toContain('| 1 | ');
    const machine = JSON.parse(
      await readFile(card.replace('README.md', 'model-card.json'), 'utf8'),
    ) as object;
    expect(machine).toMatchObject({
      ...{ v: 1, run: 'training/finished', dataset: { name: 'rows', rows: 1 }, time: { stepsMadeAgain: 4 } },
      attempts: [
        { class: 'killed', fromStep: 0, toStep: 14 },
        { class: 'completed', fromStep: 10, toStep: 40 },
      ],
    });
    expect((await training('show', 'finished')).stdout).toContain(`card: ${card}`);

    const server = createServer((request, response) =>
      response.writeHead(request.headers.authorization === 'Bearer k' ? 200 : 401).end('{}'),
    );
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const { port } = server.address() as AddressInfo;
    const served = join(home.path, 'models', 'served.finished');
    await mkdir(join(home.path, 'models'), { recursive: true });
    await writeFile(`${served}.key`, 'k', { mode: 0o600 });
    const model = { baseUrl: `http://127.0.0.1:${port}/v1`, apiKeyFile: `${served}.key`, model: 'x' };
    await writeFile(`${served}.json`, JSON.stringify(model));
    const remove = () =>
      masgpt(['runs', 'delete', 'training/finished', '--home', home.path, '--config', config]);
    expect((await document('models', 'finished'))['models']).toMatchObject([{ served: true }]);
    expect(await remove()).toMatchObject({ code: 1, stderr: expect.stringContaining('is served now') });
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    expect((await remove()).code).toBe(0);
    expect((await document('models'))['models']).not.toContainEqual(
      expect.objectContaining({ run: 'training/finished' }),
    );
    await expect(readFile(card)).rejects.toThrow('ENOENT');
  }, 240_000);

  it("an attempt's log that is not here is told from the registry", async () => {
    await start('logless', [{ at: 'start', kind: 'valueError' }]);
    await inState('logless', 'needsOperator');
    expect((await training('show', 'logless')).stdout).toMatch(/the end of attempt 1's log \(config\)/);
    await rm(join(home.path, 'training', 'logless', 'attempts', '1', 'trainer.log'));
    const told = await document('logs', 'logless');
    expect(told).toMatchObject({ recorded: true, attempt: 1 });
    expect((told['lines'] as string[]).join('\n')).toContain('ValueError');
    await document('abort', 'logless', '--reason', 'seen');
  }, 120_000);
});

it('shows the GPUs of the hosts that train', async () => {
  expect(await document('gpus')).toMatchObject({ gpus: expect.any(Array), waiting: [] });
  const refused = await training('gpus', '--include', 'GPU-of-nobody');
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no GPU GPU-of-nobody is excluded'),
  });
});

describe('nonsense', () => {
  it.each([
    [['show', 'nobody'], 1, 'no training run nobody'],
    [['show', '../../etc'], 1, 'no training run'],
    [['logs', 'nobody'], 1, 'no training run nobody'],
    [['resume', 'nobody'], 1, 'does not run'],
    [['resume'], 2, 'name one run, or a cause'],
    [['resume', '--cause', 'boredom'], 2, 'one of completed'],
    [['resume', 'first', '--dry-run'], 2, 'goes with --cause'],
    [['retry-from', 'first'], 2, '--step'],
    [['retry-from', 'first', '--step', '-1'], 2, 'a whole number from 0'],
    [['retry-from', 'first', '--step', 'ten'], 2, 'a whole number from 0'],
    [['change-config', 'first'], 2, 'say what to change'],
    [['change-config', 'first', '--learning-rate', '1'], 2, 'unknown flag'],
    [['abort', 'first'], 2, '--reason'],
    [['abort', 'first', '--reason', ' '], 2, '1 to 500'],
    [['declare-lost', 'first', '--epoch', '0', '--reason', 'x'], 2, 'a whole number from 1'],
    [['pause', 'first', '--by', 'x'.repeat(101)], 2, 'at most 100'],
    [['list', '--state', 'asleep'], 2, 'one of pending'],
    [['frobnicate'], 2, 'unknown command'],
  ] as const)('%j ends with code %i', async (args, code, words) => {
    const ended = await training(...args);
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(words) });
  });
});
