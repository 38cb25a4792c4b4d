/** Python environments: what a lock file asks for, what is missing, and that a complete one costs nothing. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missingPackages, pinsOf } from '../../../workers/host/missing-packages.ts';
import { ensurePython, isPythonReady } from '../../../workers/host/python-environment.ts';
import { findInterpreter } from '../../../workers/host/python-interpreter.ts';

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
  for (const name of ['benchmarks/graders/requirements.lock.txt', 'training/trainer/requirements.lock.txt']) {
    const lock = await readFile(new URL(name, root), 'utf8');
    const blocks = lock.split(/^(?=[A-Za-z0-9])/m).filter((block) => block.includes('=='));
    expect(blocks.length).toBeGreaterThan(3);
    for (const block of blocks) expect(block).toContain('--hash=sha256:');
  }
});
