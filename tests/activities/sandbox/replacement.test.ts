/** The zygote's replacement: planned ones end no program, and what is replaced is closed. Each case runs real programs. */
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkProgram } from '../../../activities/sandbox/check-program.ts';
import { prepareSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import { createReadyPool, type ReadyPoolOptions } from '../../../activities/sandbox/ready-pool.ts';
import type { SandboxLevel } from '../../../activities/sandbox/sandbox.ts';
import { openSession } from '../../../activities/sandbox/session.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { levelsHere, programOf, sandboxDirectory } from '../../support/sandbox.ts';

const level = (await levelsHere()).find(({ passed }) => passed)?.level as SandboxLevel;
const parts = await prepareSandbox({ memoryMb: 512, stateDirectory: sandboxDirectory, log: () => {} });
const copies = mkdtempSync(join(tmpdir(), 'masgpt-test-guests-'));
afterAll(() => rmSync(copies, { recursive: true, force: true }));

interface PoolCase extends Partial<ReadyPoolOptions> {
  readonly guest?: string;
}

async function poolOf({ guest, ...limits }: PoolCase) {
  const log: string[] = [];
  const start = () => parts.start(level, guest);
  const first = await start();
  const pool = createReadyPool({
    ...{ first, start, size: 2, maxPrograms: 1_000, log: (line: string) => log.push(line) },
    ...limits,
  });
  return { first, pool, log };
}

type Pool = Awaited<ReturnType<typeof poolOf>>['pool'];

async function runOne(pool: Pool): Promise<void> {
  expect(await checkProgram(await pool.take(), programOf("return ''"))).toEqual({ ok: true });
}

/** Runs programs until another zygote serves. */
async function runUntilReplaced(pool: Pool): Promise<void> {
  const before = await pool.zygotePid();
  await expect
    .poll(async () => (await runOne(pool), await pool.zygotePid()), { timeout: 20_000, interval: 10 })
    .not.toBe(before);
}

async function callOf(pool: Pool) {
  const start = {
    ...{
      source: programOf("return self.llm.call_llm('a') + self.llm.call_llm('b')"),
      query: 'q',
      seed: 'a1',
    },
    ...{ startedAtMs: 0, models: ['driver'], limits: limitsSchema.parse({}) },
  };
  const session = openSession(await pool.take(), start, { onStarted: () => {}, onEnded: () => {} });
  const events = session.events[Symbol.asyncIterator]();
  const next = async () => {
    for (;;) {
      const { value } = await events.next();
      if (value?.type !== 'idle') return value;
    }
  };
  return { session, first: await next(), next };
}

/** A guest whose zygote does so at each program. */
function leaking(statement: string): string {
  const guest = join(copies, Math.random().toString(36).slice(2));
  cpSync(parts.guest.directory, guest, { recursive: true });
  chmodSync(copies, 0o755);
  const path = join(guest, 'zygote.py');
  const source = readFileSync(path, 'utf8')
    .replace(/^_SIZE_EVERY = .*$/m, '_SIZE_EVERY = 2\n_leaked = []')
    .replace(/^( {8})self\.running\[process\] = slot$/m, `$&\n$1_leaked.append(${statement})`);
  expect(source).toContain(statement);
  writeFileSync(path, source);
  return guest;
}

describe('a zygote that has served its share', () => {
  it('is replaced while a program runs in it, and closed when that has ended', async () => {
    const { first, pool, log } = await poolOf({ maxPrograms: 8 });
    const running = await callOf(pool);
    await runUntilReplaced(pool);
    expect(log).toContainEqual(expect.stringMatching(/has served \d+ programs/));
    expect(first.alive).toBe(true);
    for (let i = 0; i < 6; i += 1) await runOne(pool);
    if (running.first?.type !== 'call') throw new Error('no call');
    running.session.answer(running.first.call.id, { ok: true, value: 'one' });
    const second = await running.next();
    if (second?.type !== 'call') throw new Error('no second call');
    running.session.answer(second.call.id, { ok: true, value: 'two' });
    expect(await running.next()).toMatchObject({ outcome: { status: 'answered', answer: 'onetwo' } });
    await expect.poll(() => first.alive, { timeout: 10_000 }).toBe(false);
    await pool.close();
  });

  it('goes on when no other can be started', async () => {
    const start = () => Promise.reject(new Error('no room'));
    const { first, pool, log } = await poolOf({ maxPrograms: 3, start });
    for (let i = 0; i < 8; i += 1) await runOne(pool);
    expect(first.alive).toBe(true);
    expect(log).toContainEqual('it goes on with the one it has: no room');
    await pool.close();
  });
});

describe('a zygote that grows', () => {
  it.each([
    ['in memory', "b'x' * (8 << 20)", { maxGrowthBytes: 32 << 20 }, /has grown by \d+ MiB/],
    [
      'in descriptors',
      "os.open('/dev/null', os.O_RDONLY)",
      { maxGrowthDescriptors: 4 },
      /has grown by \d+ descriptors/,
    ],
  ])('%s is replaced', async (_, statement, limits, message) => {
    const { first, pool, log } = await poolOf({ guest: leaking(statement), ...limits });
    await runUntilReplaced(pool);
    expect(log).toContainEqual(expect.stringMatching(message));
    for (let i = 0; i < 4; i += 1) await runOne(pool);
    await expect.poll(() => first.alive, { timeout: 10_000 }).toBe(false);
    await pool.close();
  });
});

describe('a zygote that dies', () => {
  it('is replaced by the next program, and its ready children are forgotten', async () => {
    const { first, pool, log } = await poolOf({});
    await runOne(pool);
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => first.alive).toBe(false);
    for (let i = 0; i < 4; i += 1) await runOne(pool);
    expect(await pool.zygotePid()).not.toBe(first.pid);
    expect(log).toEqual(['the sandbox ended: starting another']);
    await pool.close();
  });
});
