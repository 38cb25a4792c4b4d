/**
 * Attacks that one step decides, each in a program of its own, at each level this machine gives, while a neighbour program
 * runs. Each must fail, the host must be as before, no process may stay behind, and the next program must find what the
 * first one found. What docs/security.md admits as a leak must leak: a mended leak changes that page.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox, SandboxLevel } from '../../../activities/sandbox/sandbox.ts';
import { levelsHere, programOf, runProgram, sandboxDirectory, testSandbox } from '../../support/sandbox.ts';
import { hostState, type HostState, processesAtRest, sandboxProcesses } from './host-state.ts';
import { whatAProgramFinds } from './next-program.ts';

const programs = new URL('programs/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, programs), 'utf8');
const head = read('attacks/head.py');
const numbers = JSON.parse(readFileSync(new URL('syscall-numbers.json', import.meta.url), 'utf8')) as Record<
  string,
  readonly [number, number]
>;
const column = process.arch === 'x64' ? 0 : 1;

interface Attack {
  readonly name: string;
  readonly source: string;
  /** Levels at which it is known to succeed. */
  readonly leaks: readonly string[];
}

const attacks: readonly Attack[] = readdirSync(new URL('attacks/', programs))
  .filter((file) => file !== 'head.py')
  .flatMap((file) => {
    const theme = read(`attacks/${file}`);
    return [...theme.matchAll(/(?:^# leaks at: (.*)\n)?^@attack\ndef (\w+)/gm)].map(([, leaks, name]) => ({
      name: `${file.replace('.py', '')}: ${name?.replaceAll('_', ' ')}`,
      source: `${head}\n\n${theme}`,
      leaks: leaks?.split(', ') ?? [],
    }));
  });

const secret = 'a-key-that-only-the-worker-knows';
const neighbourWords = { source: 'only-the-neighbour-says-this', query: 'only-the-neighbour-was-asked-this' };
const reversed = (text: string): string => [...text].toReversed().join('');

const directory = mkdtempSync(join(tmpdir(), 'masgpt-test-canary-'));
const canary = join(directory, 'canary');
const server = createServer((socket) => socket.destroy());
const abstract = createServer((socket) => socket.destroy());
const received: string[] = [];

beforeAll(async () => {
  process.env['MASGPT_TEST_SECRET'] = secret;
  // Open to everybody, so that nothing but the sandbox stands in the way.
  chmodSync(directory, 0o777);
  writeFileSync(canary, 'untouched');
  chmodSync(canary, 0o666);
  for (const listener of [server, abstract]) listener.on('connection', () => received.push('a connection'));
  for (const signal of ['SIGIO', 'SIGURG', 'SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => received.push(signal));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => abstract.listen(`\0masgpt-test-${process.pid}`, resolve));
});
afterAll(() => {
  server.close();
  abstract.close();
  rmSync(directory, { recursive: true, force: true });
});

const levels = await levelsHere();

it('knows at least 100 attacks', () => {
  expect(attacks.length).toBeGreaterThanOrEqual(100);
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
});

describe.each(levels.filter(({ passed }) => passed))('level $level', async ({ level }) => {
  const sandbox = await testSandbox(level);
  let before: { readonly host: HostState; readonly program: unknown; readonly processes: number };
  let neighbour: Neighbour;

  beforeAll(async () => {
    neighbour = startNeighbour(sandbox);
    await neighbour.runs;
    const program = await whatAProgramFinds(sandbox);
    before = { program, host: hostState(level, canary), processes: await processesAtRest(level) };
    expect(before.host.zygotes.length).toBeGreaterThan(0);
  });

  it.each(attacks)('$name', async ({ name, source, leaks }) => {
    const attack = name.slice(name.indexOf(': ') + 2).replaceAll(' ', '_');
    const query = JSON.stringify({ ...targets(level, before.host), attack });
    const { outcome } = await runProgram(sandbox, source, { query });
    const answer = outcome.status === 'answered' ? outcome.answer : JSON.stringify(outcome);
    expect(answer).toMatch(leaks.includes(level) ? /^BROKE OUT: / : /^denied: /);
    expect(hostState(level, canary)).toEqual(before.host);
    expect(received).toEqual([]);
    expect(await whatAProgramFinds(sandbox)).toEqual(before.program);
    await expect
      .poll(() => sandboxProcesses(level).programs.length, { timeout: 10_000 })
      .toBeLessThanOrEqual(before.processes);
  });

  it('leaves the neighbour unharmed', async () => {
    expect(await neighbour.end()).toBe('unharmed too');
  });
});

describe.runIf(levels.some(({ passed }) => !passed))('levels this machine does not give', () => {
  it.each(levels.filter(({ passed }) => !passed))('$level is absent: $reason', ({ passed, reason }) => {
    expect(passed).toBe(false);
    expect(reason).not.toBe('');
  });
});

function targets(level: SandboxLevel, host: HostState): object {
  return {
    canary,
    secret: reversed(secret),
    neighbour: Object.values(neighbourWords).map(reversed),
    state: reversed(sandboxDirectory),
    pid: process.pid,
    // bubblewrap's namespace has the zygote as its second process
    zygote: level === 'confined' ? host.zygotes[0] : 2,
    port: (server.address() as AddressInfo).port,
    abstract: `masgpt-test-${process.pid}`,
    numbers: Object.fromEntries(
      Object.entries(numbers)
        .map(([name, columns]) => [name, columns[column]] as const)
        .filter(([, number]) => (number ?? -1) >= 0),
    ),
  };
}

interface Neighbour {
  /** It has made its call, which stays open while the attacks run. */
  readonly runs: Promise<void>;
  end(): Promise<string>;
}

function startNeighbour(sandbox: Sandbox): Neighbour {
  let running = (): void => {};
  let answer = (): void => {};
  const runs = new Promise<void>((resolve) => (running = resolve));
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const body = `
said = '${neighbourWords.source}'
try:
    open('/tmp/neighbour', 'w').write(said)
except OSError:
    pass
answer = self.llm.call_llm('wait')
return ('unharmed ' if said + taskInfo == '${neighbourWords.source}${neighbourWords.query}' else 'changed ') + answer`;
  const ran = runProgram(sandbox, programOf(body), {
    query: neighbourWords.query,
    limits: { totalMs: 600_000 },
    reply: async () => {
      running();
      await answered;
      return { ok: true, value: 'too' };
    },
  });
  return {
    runs,
    async end() {
      answer();
      const { outcome } = await ran;
      return outcome.status === 'answered' ? outcome.answer : outcome.message;
    },
  };
}
