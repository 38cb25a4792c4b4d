/**
 * Attacks that one step decides: each must fail at each level this machine gives, while a neighbour program runs; afterwards
 * host, neighbour and the next program are unharmed.
 */
import { createServer } from 'node:net';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelsHere, programOf, runProgram, testSandbox } from '../../support/sandbox.ts';

const source = readFileSync(new URL('programs/attacks.py', import.meta.url), 'utf8');
const names = [...source.matchAll(/^@attack\ndef (\w+)/gm)].map((match) => match[1] ?? '');
const secret = 'a-key-that-only-the-worker-knows';

const directory = mkdtempSync(join(tmpdir(), 'masgpt-test-canary-'));
const canary = join(directory, 'canary');
const server = createServer((socket) => socket.destroy());
const abstract = createServer((socket) => socket.destroy());
let connections = 0;

beforeAll(async () => {
  process.env['MASGPT_TEST_SECRET'] = secret;
  // Open to everybody, so that nothing but the sandbox stands in the way.
  chmodSync(directory, 0o777);
  writeFileSync(canary, 'untouched');
  chmodSync(canary, 0o666);
  server.on('connection', () => (connections += 1));
  abstract.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => abstract.listen(`\0masgpt-test-${process.pid}`, resolve));
});
afterAll(() => {
  server.close();
  abstract.close();
  rmSync(directory, { recursive: true, force: true });
});

const levels = await levelsHere();

it('knows at least 100 attacks', () => expect(names.length).toBeGreaterThanOrEqual(100));

describe.each(levels.filter(({ passed }) => passed))('level $level', ({ level }) => {
  let results: Record<string, string> = {};
  let neighbour = '';

  beforeAll(async () => {
    const sandbox = await testSandbox(level);
    const targets = {
      canary,
      secret: [...secret].toReversed().join(''),
      pid: process.pid,
      zygote: 2,
      port: (server.address() as AddressInfo).port,
      abstract: `masgpt-test-${process.pid}`,
    };
    let release = (): void => {};
    const attacked = new Promise<void>((resolve) => (release = resolve));
    const neighbourRun = runProgram(
      sandbox,
      programOf(
        [
          'try:',
          "    open('/tmp/neighbour', 'w').write('secret')",
          'except OSError:',
          '    pass',
          "return 'unharmed ' + self.llm.call_llm('wait')",
        ].join('\n'),
      ),
      {
        reply: async () => {
          const { outcome } = await runProgram(sandbox, source, { query: JSON.stringify(targets) });
          results = outcome.status === 'answered' ? JSON.parse(outcome.answer) : { failed: outcome.message };
          release();
          return { ok: true, value: 'too' };
        },
      },
    );
    await attacked;
    const { outcome } = await neighbourRun;
    neighbour = outcome.status === 'answered' ? outcome.answer : outcome.message;
    const next = await runProgram(sandbox, programOf("return 'next: ' + self.llm.call_llm('works')"));
    expect(next.outcome).toMatchObject({ status: 'answered', answer: 'next: works' });
  });

  it.each(names)('%s fails', (name) => expect(results[name]).toMatch(/^denied: /));

  it('leaves host and neighbour unharmed', () => {
    expect(neighbour).toBe('unharmed too');
    expect(readFileSync(canary, 'utf8')).toBe('untouched');
    expect(readdirSync(directory)).toEqual(['canary']);
    expect(connections).toBe(0);
  });
});

describe.runIf(levels.some(({ passed }) => !passed))('levels this machine does not give', () => {
  it.each(levels.filter(({ passed }) => !passed))('$level is absent: $reason', ({ passed }) =>
    expect(passed).toBe(false),
  );
});
