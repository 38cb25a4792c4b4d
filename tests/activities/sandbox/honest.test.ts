/** What honest programs do must work, at each level this machine gives. Only level `namespaces` has a writable /tmp. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { levelsHere, runProgram, testSandbox } from '../../support/sandbox.ts';

const source = readFileSync(new URL('programs/honest.py', import.meta.url), 'utf8');
const names = [...source.matchAll(/^@feature\ndef (\w+)/gm)].map((match) => match[1] ?? '');
const levels = (await levelsHere()).filter(({ passed }) => passed);

describe.each(levels)('level $level', ({ level }) => {
  const features = level === 'namespaces' ? [...names, 'writes_files'] : names;
  let results: Record<string, string> = {};

  beforeAll(async () => {
    const sandbox = await testSandbox(level);
    const query = level === 'namespaces' ? 'with files' : 'without files';
    const { outcome } = await runProgram(sandbox, source, { query });
    results = outcome.status === 'answered' ? JSON.parse(outcome.answer) : { failed: outcome.message };
    expect(results['failed']).toBeUndefined();
  });

  it.each(features)('%s', (name) => expect(results[name]).toBe('works'));
});
