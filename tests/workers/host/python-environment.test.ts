/** Python environments: what a lock file asks for, what is missing, and that a complete one costs nothing. */
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../../../workers/config/schema.ts';
import { missingPackages, pinsOf } from '../../../workers/host/missing-packages.ts';
import {
  ensurePython,
  installedPython,
  isPythonReady,
  lockOf,
} from '../../../workers/host/python-environment.ts';
import { findInterpreter } from '../../../workers/host/python-interpreter.ts';
import { scienceOf } from '../../../workers/host/science.ts';

test('pins are read without hashes, and markers decide for themselves', async () => {
  const lock = [
    'pip==0.0.1 \\',
    '    --hash=sha256:00',
    "absent-one==1.0 ; python_version >= '3'",
    "absent-two==1.0 ; sys_platform == 'plan9' \\",
    '    --hash=sha256:00',
  ].join('\n');
  expect(pinsOf(lock)).toHaveLength(3);
  const file = join(await mkdtemp(join(tmpdir(), 'lock-')), 'requirements.lock.txt');
  await writeFile(file, lock);
  const python = await ensurePython('grading', { note: () => {} });
  expect(await missingPackages(python, file)).toEqual(['pip==0.0.1', 'absent-one==1.0']);
});

test('a second call finds the environment complete', { timeout: 300_000 }, async () => {
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  const [first, second] = await Promise.all([
    ensurePython('grading', { note }),
    ensurePython('grading', { note }),
  ]);
  expect(second).toBe(first);
  expect(await isPythonReady('grading')).toBe(true);
  notes.length = 0;
  await ensurePython('grading', { note });
  expect(notes).toEqual([]);
});

test('an interpreter that does not do is refused with what to install', async () => {
  const { path, version } = await findInterpreter();
  expect(path).toMatch(/^\//);
  expect(Number(version.split('.')[1])).toBeGreaterThanOrEqual(10);
  const missing = join(tmpdir(), 'no-such-python');
  await expect(findInterpreter({ MASGPT_PYTHON: missing })).rejects.toThrow('MASGPT_PYTHON');
});

test('every lock of the product pins with hashes', async () => {
  const root = new URL('../../../activities/', import.meta.url);
  const folders = ['benchmarks/graders', 'training/trainer', 'sandbox/science', 'dataset/embedding'];
  for (const folder of folders) {
    const lock = await readFile(new URL(`${folder}/requirements.lock.txt`, root), 'utf8');
    const blocks = lock.split(/^(?=[A-Za-z0-9])/m).filter((block) => block.includes('=='));
    expect(blocks.length).toBeGreaterThan(2);
    for (const block of blocks) expect(block).toContain('--hash=sha256:');
  }
});

test('the libraries of programs fit the interpreter they are for, and need no font of the machine', async () => {
  const interpreter = await findInterpreter();
  const options = { note: () => {}, interpreter };
  const path = await ensurePython('science', options);
  expect(await installedPython('science', process.env, interpreter)).toBe(path);
  const other = { path: '/opt/another/python3', version: '3.12.1' };
  expect(await installedPython('science', process.env, other)).toBeNull();

  const [major, minor] = interpreter.version.split('.');
  const packages = join(dirname(dirname(path)), 'lib', `python${major}.${minor}`, 'site-packages');
  const [list = ''] = (await readdir(join(packages, 'masgpt-matplotlib'))).filter((name) =>
    name.startsWith('fontlist'),
  );
  const fonts = z
    .object({ ttflist: z.array(z.object({ fname: z.string() })) })
    .parse(JSON.parse(await readFile(join(packages, 'masgpt-matplotlib', list), 'utf8')));
  expect(fonts.ttflist.length).toBeGreaterThan(30);
  expect(fonts.ttflist.filter(({ fname }) => fname.startsWith('/'))).toEqual([]);
});

test('libraries are brought on demand, at start, or not at all', async () => {
  const of = (libraries: string) =>
    scienceOf(configSchema.parse({ sandbox: { libraries } }), { note: () => {} });
  expect(await of('off')).toBeUndefined();
  expect(await of('on-demand')).toMatchObject({ atStart: false, lockSha256: await lockOf('science') });
  expect(await of('at-start')).toMatchObject({ atStart: true });
  expect(configSchema.parse({}).sandbox.libraries).toBe('on-demand');
});
