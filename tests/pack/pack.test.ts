/** The package as a stranger gets it: packed, installed into an empty project, and the README's example run as written. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { x } from 'tinyexec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeOpenAi, startFakeOpenAi } from '../support/fake-openai.ts';
import { freshDatabase, type FreshDatabase, temporal } from '../support/environment.ts';

const root = resolve(import.meta.dirname, '../..');
const peers = ['activity', 'client', 'common', 'worker', 'workflow'].map(
  (name) => `@temporalio/${name}@1.24.0`,
);

let project: string;
let llm: FakeOpenAi;
let database: FreshDatabase;
let worker: ChildProcess | undefined;

beforeAll(async () => {
  [project, llm, database] = await Promise.all([
    mkdtemp(join(tmpdir(), 'masgpt-pack-')),
    startFakeOpenAi(),
    freshDatabase(),
  ]);
  await must('npm', ['run', 'build'], root);
  const packed = await must(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', project],
    root,
  );
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  await writeFile(join(project, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }');
  await must(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', join(project, filename), ...peers],
    project,
  );
}, 420_000);

afterAll(async () => {
  if (worker && worker.exitCode === null) {
    worker.kill('SIGKILL');
    await once(worker, 'exit');
  }
  await llm?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(project, { recursive: true, force: true });
});

test("the README's example answers a query in an empty project", async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  for (const [, source = '', file = ''] of readme.matchAll(/```js\n(\/\/ ([\w.]+)[\s\S]*?)```/g))
    await writeFile(join(project, file), source);
  await writeFile(
    join(project, 'masgpt.config.yaml'),
    configOf(readme).replace('https://llm.example/v1', llm.baseUrl),
  );
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: temporal.address(),
    DATABASE_URL: database.url,
    MY_MODEL_KEY: 'a key of nobody',
  };
  worker = spawn('node', ['worker.js'], { cwd: project, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const asked = await x('node', ['ask.js'], { nodeOptions: { cwd: project, env }, timeout: 60_000 });
  expect(asked.stderr).toBe('');
  expect(asked.stdout).toContain('llmCalls: 5');
}, 120_000);

test('entries resolve to compiled JavaScript with types, and the command works', async () => {
  const probe = `
    for (const entry of ['', '/workflows', '/contract', '/dev']) {
      const names = Object.keys(await import('masgpt-temporal' + entry));
      console.log(entry || '.', names.length > 0);
    }`;
  expect(await must('node', ['--input-type=module', '-e', probe], project)).toBe(
    '. true\n/workflows true\n/contract true\n/dev true\n',
  );
  expect(await must('npx', ['masgpt', '--help'], project)).toContain('Usage: masgpt <command>');
});

function configOf(readme: string): string {
  return /```yaml\n(models:[\s\S]*?)```/.exec(readme)?.[1] ?? '';
}

async function must(command: string, args: string[], cwd: string): Promise<string> {
  const { exitCode, stdout, stderr } = await x(command, args, { nodeOptions: { cwd } });
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}
