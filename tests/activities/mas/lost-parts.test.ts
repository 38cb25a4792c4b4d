/**
 * A running program loses what is under it: PostgreSQL's process before each write, the connection after each write, the
 * sandbox or the program's own process at each call. It goes on in the same worker, with the same answer, at no call more.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Execution } from '../../../activities/mas/executions.ts';
import type { Services } from '../../../workers/services.ts';
import { type FreshDatabase, freshDatabase } from '../../support/environment.ts';
import { type FakeOpenAi, startFakeOpenAi } from '../../support/fake-openai.ts';
import { behaveLikeAModel, modelReply } from '../../support/kill/kill-points.ts';
import { openStore, programCalls, runInterrupted } from '../../support/kill/interrupted-program.ts';
import { type Point, samePoint, watchStore } from '../../support/kill/store-operations.ts';

let fresh: FreshDatabase;
let llm: FakeOpenAi;
let home: string;
let services: Services;

beforeAll(async () => {
  [fresh, llm] = await Promise.all([freshDatabase(), startFakeOpenAi()]);
  home = await mkdtemp(join(tmpdir(), 'masgpt-lost-'));
  services = await openStore({ databaseUrl: fresh.url, home });
});
afterAll(async () => {
  await services?.[Symbol.asyncDispose]();
  await llm?.[Symbol.asyncDispose]();
  await fresh?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const requestsOf = (tenant: string): number =>
  llm.requests.filter(({ path }) => path.split('/').includes(tenant)).length;

describe.each(['bulk', 'durable'] as const)('%s mode', (mode) => {
  const run = (tenant: string): Promise<Execution> =>
    runInterrupted(services, { mode, baseUrl: llm.baseUrl, tenant: `${mode}-${tenant}` });
  let points: Point[];
  let undisturbed: Execution;

  beforeAll(async () => {
    behaveLikeAModel(llm);
    points = [];
    using _watching = watchStore((point) => void points.push(point));
    undisturbed = await run('undisturbed');
    expect(undisturbed.status).toBe('answered');
  });

  async function sameAs(tenant: string): Promise<void> {
    const ended = await run(tenant);
    expect(ended, tenant).toMatchObject({ answer: undisturbed.answer, divergences: 0, guestChanges: 0 });
    expect(requestsOf(`${mode}-${tenant}`), tenant).toBe(programCalls.llm);
  }

  it('loses PostgreSQL before, or its word after, each write', async () => {
    let met = 0;
    for (const lost of points) {
      using _watching = watchStore(async (point, connection) => {
        if (!samePoint(point, lost)) return;
        met += 1;
        if (point.side === 'before')
          await sql`select pg_terminate_backend(${connection}, 5000)`.execute(fresh.database);
        else throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      });
      await sameAs(`lost-${lost.side}-${lost.operation}-${lost.nth}`);
    }
    // Writes may share commits in one run and not in another.
    expect(met).toBeGreaterThan(points.length / 2);
  }, 300_000);

  it.each([
    ['the zygote', zygotes],
    ['the program', programs],
  ] as const)(
    'loses the process of %s at each call',
    async (name, victims) => {
      for (let nth = 1; nth <= programCalls.llm; nth += 1) {
        const tenant = `killed-${name.slice(4)}-${nth}`;
        let kills = 0;
        llm.behave((request) => {
          const isNth = kills === 0 && requestsOf(`${mode}-${tenant}`) === nth;
          if (isNth) for (const pid of victims()) if (kill(pid)) kills += 1;
          return modelReply(request);
        });
        await sameAs(tenant);
        expect(kills).toBeGreaterThan(0);
      }
    },
    120_000,
  );
});

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // it has ended
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly isGuest: boolean;
}

/** Those of this process's sandbox; a program is a child of a zygote. */
function guests(): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): Process[] => {
      try {
        const parent = Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
        const [command = '', ...rest] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        const isGuest = command.includes('python') && rest.some((argument) => argument.endsWith('zygote.py'));
        return [{ pid: Number(name), parent, isGuest }];
      } catch {
        return []; // it has ended
      }
    });
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const isBelow = (pid: number): boolean =>
    pid === process.pid || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  return all.filter(({ pid, isGuest }) => isGuest && isBelow(pid));
}

function zygotes(): number[] {
  const pids = new Set(guests().map(({ pid }) => pid));
  return guests().flatMap(({ pid, parent }) => (pids.has(parent) ? [] : [pid]));
}

function programs(): number[] {
  const pids = new Set(guests().map(({ pid }) => pid));
  return guests().flatMap(({ pid, parent }) => (pids.has(parent) ? [pid] : []));
}
