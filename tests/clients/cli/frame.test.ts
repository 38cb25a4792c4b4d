/** What scripts rely on: exit codes, one JSON document on stdout whatever libraries print, errors without traces. */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createProgressLine, formatProgress } from '../../../clients/cli/progress-line.ts';
import { noUsage } from '../../../workflows/shared/usage.ts';
import { freshHome, masgpt } from '../../support/masgpt.ts';

test.each([
  [['nonsense'], 'unknown command: nonsense'],
  [['runs', 'nonsense'], 'unknown command: runs nonsense'],
  [['doctor', '--nonsense'], 'unknown flag: --nonsense'],
  [['doctor', 'nonsense'], 'unexpected argument: nonsense'],
  [['dataset', '--home', 'a'], 'one of: import'],
  [['doctor', '--home'], '--home needs a value'],
  [['doctor', '--home', 'a', '--home=b'], '--home is given twice'],
  [['dev', '--port', 'x'], 'a port is a whole number'],
  [['runs', 'show'], 'RUN'],
  [['runs', 'list', '--kind', 'x'], 'unknown kind: x'],
  [['worker', '--queues', 'llm,x'], 'unknown queue: x'],
])('masgpt %j is wrong usage', async (args, message) => {
  const { code, stdout, stderr } = await masgpt(args);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
  expect(stdout).toBe('');
});

test('a flag may stand where a subcommand is meant by default', async () => {
  await using home = await freshHome();
  const { code, stdout, stderr } = await masgpt(['runs', '--home', home.path, '--show-config']);
  expect(stderr).toBe('');
  expect(stdout).toContain(`home = "${home.path}" (flag`);
  expect(code).toBe(0);
});

test('help goes to stdout and is no failure', async () => {
  const all = await masgpt(['--help']);
  expect(all).toMatchObject({ code: 0, stderr: '' });
  for (const name of ['demo', 'ask', 'dataset', 'train', 'serve', 'evaluate', 'report'])
    expect(all.stdout).toContain(name);
  const one = await masgpt(['runs', 'list', '--help']);
  expect(one.code).toBe(0);
  expect(one.stdout).toContain('--show-config');
});

test('with --json an error is one document too, and names file, setting and value', async () => {
  await using home = await freshHome();
  const file = join(home.path, 'config.yaml');
  await writeFile(file, 'slots: { llm: many }\n');
  const { code, stdout, stderr } = await masgpt(['config', '--json', '--config', file]);
  expect(code).toBe(1);
  const { error } = JSON.parse(stdout) as { error: { message: string } };
  expect(error.message).toContain('slots.llm');
  expect(error.message).toContain('many');
  expect(stderr).toContain(error.message);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('stdout stays one document although libraries print and warn', () => {
  const fixture = fileURLToPath(new URL('./noisy-command.ts', import.meta.url));
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), fixture],
    {
      encoding: 'utf8',
    },
  );
  expect(JSON.parse(stdout)).toEqual({ answer: 42 });
  for (const noise of [
    'from console.log',
    'from stdout.write',
    'from a warning',
    'a note',
    'drive  the terminal',
  ]) {
    expect(stderr).toContain(noise);
  }
  expect(status).toBe(0);
});

test('doctor gives one remedy for each part that is missing', async () => {
  await using home = await freshHome();
  const empty = join(home.path, 'empty');
  await mkdir(empty);
  const { code, stdout } = await masgpt(['doctor', '--json', '--home', home.path], {
    PATH: empty,
    MASGPT_CACHE: empty,
    DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/none',
  });
  expect(code).toBe(1);
  const { ok, checks } = JSON.parse(stdout) as {
    ok: boolean;
    checks: { name: string; ok: boolean; remedy?: string }[];
  };
  expect(ok).toBe(false);
  const faults = checks.filter((check) => !check.ok);
  expect(faults.map((check) => check.name)).toEqual(
    expect.arrayContaining(['bubblewrap', 'temporal', 'postgres']),
  );
  for (const { remedy } of faults) expect(remedy).toMatch(/^[^\n]+$/);
  expect(stdout).not.toContain('secret');
});

test('the progress line says stage, done, failure kinds, rate, ETA, tokens and cost', () => {
  const usage = { ...noUsage, llmCalls: 10, tokensIn: 1_200, tokensOut: 300, costUsd: 0.0123 };
  const progress = {
    state: 'running',
    stage: 'execute',
    done: 50,
    failed: 12,
    failureKinds: { timeout: 0, callLimit: 4, raised: 8 },
    ...{ total: 200, unit: 'cells', perSecond: 4 },
    usage,
    simulated: true,
  };
  expect(formatProgress('dataset/a', progress)).toBe(
    'dataset/a: execute, 50/200 cells, 12 failed: 8 raised, 4 callLimit, 4.0 cells/s, ETA 38 s, 1.5k tokens, $0.0123 (simulated)',
  );
  expect(formatProgress('dataset/a', { ...progress, failed: 0, perSecond: undefined })).toBe(
    'dataset/a: execute, 50/200 cells, 1.5k tokens, $0.0123 (simulated)',
  );
  expect(formatProgress('dataset/a', { ...progress, state: 'paused', failed: 0 })).toBe(
    'dataset/a: execute (paused), 50/200 cells, 1.5k tokens, $0.0123 (simulated)',
  );
});

test('the rate is that of the last minutes, and a batch that just ended takes nothing back', () => {
  const lines: string[] = [];
  const stream = { isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  let nowMs = 0;
  const line = createProgressLine(stream, () => nowMs);
  const base = { state: 'running', stage: 'score matrix', failed: 0, total: 1_000, unit: 'cells' };
  for (const done of [0, 100, 200, 40, 300]) {
    nowMs += 10_000;
    line.update('dataset/a', { ...base, done, open: ['dataset/a/batch-0', 'dataset/a/batch-1'] });
  }
  expect(lines).toEqual([
    'dataset/a: score matrix, 0/1000 cells\n',
    'dataset/a: score matrix, 100/1000 cells\n',
    'dataset/a: score matrix, 200/1000 cells, 10 cells/s, ETA 1 min 20 s\n',
    'dataset/a: score matrix, 200/1000 cells, 6.7 cells/s, ETA 2 min 0 s\n',
    'dataset/a: score matrix, 300/1000 cells, 7.5 cells/s, ETA 1 min 33 s\n',
  ]);
  // The run's own rate, until there is one of what was seen here.
  line.update('dataset/b', { ...base, done: 0, perSecond: 5 });
  nowMs += 10_000;
  line.update('dataset/b', { ...base, done: 0, perSecond: 5 });
  expect(lines.at(-1)).toBe('dataset/b: score matrix, 0/1000 cells, 5.0 cells/s, ETA 3 min 20 s\n');
});
