/** What honest programs do must work, each by its result, at each level this machine gives. Only `namespaces` has a writable /tmp. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../../activities/sandbox/sandbox.ts';
import { levelsHere, runProgram, testSandbox } from '../../support/sandbox.ts';

const directory = new URL('programs/honest/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, directory), 'utf8');
const themes = readdirSync(directory)
  .filter((file) => file !== 'head.py')
  .map((file) => {
    const source = read(file);
    const features = [...source.matchAll(/^@feature\n(@needs_files\n)?def (\w+)/gm)];
    return {
      theme: file.replace('.py', ''),
      source: `${read('head.py')}\n\n${source}`,
      features: features.map(([, needsFiles, name]) => ({
        name: name ?? '',
        needsFiles: needsFiles !== undefined,
      })),
    };
  });
const levels = (await levelsHere()).filter(({ passed }) => passed);

it('knows at least 60 features', () => {
  const names = themes.flatMap(({ features }) => features.map(({ name }) => name));
  expect(names.length).toBeGreaterThanOrEqual(60);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(levels)('level $level', async ({ level }) => {
  const sandbox = await testSandbox(level);
  const hasFiles = level === 'namespaces';

  describe.each(themes)('$theme', ({ source, features }) => {
    let results: Record<string, string> = {};
    beforeAll(async () => {
      results = await run(sandbox, source, hasFiles ? 'files' : '');
    });

    it.each(features.filter(({ needsFiles }) => hasFiles || !needsFiles))('$name', ({ name }) =>
      expect(results[name]).toBe('works'),
    );
  });
});

async function run(sandbox: Sandbox, source: string, query: string): Promise<Record<string, string>> {
  const { outcome } = await runProgram(sandbox, source, {
    query,
    limits: { computeMs: 60_000, totalMs: 90_000 },
  });
  expect(outcome.status, JSON.stringify(outcome)).toBe('answered');
  return outcome.status === 'answered' ? JSON.parse(outcome.answer) : {};
}
