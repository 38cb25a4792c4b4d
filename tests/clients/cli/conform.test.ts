/** `masgpt training conform` as a user types it: a line per promise, codes 0, 1 and 2, one document with --json; nothing left running. */
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { soon } from '../../support/local-attempts.ts';
import { masgpt, startMasgpt } from '../../support/masgpt.ts';

let home: string;
let config: string;

const support = (name: string): string => fileURLToPath(new URL(`../../support/${name}`, import.meta.url));

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'masgpt-conform-home-'));
  const recipes = join(home, 'recipes');
  await mkdir(recipes);
  config = join(home, 'config.yaml');
  await writeFile(config, stringify({ training: { recipes } }));
  const recipe = { v: 1, kind: 'command', maxSteps: 30, saveSteps: 10, graceS: 2 };
  const add = (name: string, more: object) =>
    writeFile(join(recipes, `${name}.yaml`), stringify({ ...recipe, ...more }));
  const python = '/usr/bin/python3';
  await add('good', { command: [python, support('stand-in-trainer.py')], options: { stepS: 0.03 } });
  await add('gap', { command: [python, support('breaking-trainer.py')], options: { breaks: 'gap' } });
  await add('slow', { command: [python, support('stand-in-trainer.py')], options: { stepS: 60 } });
});
afterAll(() => rm(home, { recursive: true, force: true }));

const conform = (...args: string[]) =>
  masgpt(['training', 'conform', ...args, '--home', home, '--config', config]);

it('prints a line per promise and ends with code 0 when all are kept', async () => {
  const { code, stdout } = await conform('good');
  expect(code).toBe(0);
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(13);
  expect(lines.slice(0, 12).every((line) => line.startsWith('ok '))).toBe(true);
  expect(lines.at(-1)).toBe('good keeps the protocol');
});

it('ends with code 1 when one is broken, names it, and keeps what the trainer wrote', async () => {
  const { code, stdout, stderr } = await conform('gap', '--json');
  expect(code).toBe(1);
  const document = JSON.parse(stdout) as {
    checks: { name: string; ok: boolean; why: string }[];
    directory: string;
  };
  const failed = document.checks.filter(({ ok }) => !ok);
  expect(failed).toMatchObject([{ name: 'events', why: expect.stringContaining('gap') as string }]);
  expect(stderr).toContain(document.directory);
  await access(join(document.directory, 'conform', 'attempts', '1', 'events.0.jsonl'));
  await rm(document.directory, { recursive: true });
});

it.each([
  ['an unknown recipe', ['none'], 1, 'known: '],
  ['a path', ['../x'], 2, 'no name of a recipe'],
  ["the product's own trainer", ['tiny'], 2, 'kind sft'],
  ['no recipe', [], 2, 'RECIPE'],
  ['an impossible limit', ['good', '--limit-s', '0'], 2, '--limit-s'],
] as const)('refuses %s', async (_, args, expected, words) => {
  const { code, stderr } = await conform(...args);
  expect(stderr).toContain(words);
  expect(code).toBe(expected);
});

it('stops the trainer when it is interrupted', async () => {
  const running = startMasgpt(['training', 'conform', 'slow', '--home', home, '--config', config], {
    TMPDIR: home,
  });
  const { trainerPid } = await soon(async () => {
    const root = (await readdir(home)).find((name) => name.startsWith('masgpt-conform-')) ?? '';
    const file = join(home, root, 'conform', 'attempts', '1', 'attempt.json');
    return JSON.parse(await readFile(file, 'utf8')) as { trainerPid: number };
  });
  running.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
  expect(() => process.kill(trainerPid, 0)).toThrow('ESRCH');
});
