/**
 * kill -9 of a worker before and after the first and the last write of each kind, in both modes: another process ends the run
 * as if nothing had been. `npm run bench -- kill` does so at every write.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../support/environment.ts';
import { type FakeOpenAi, startFakeOpenAi } from '../../support/fake-openai.ts';
import { firstAndLast, killAtEveryWrite } from '../../support/kill/kill-points.ts';

let fresh: FreshDatabase;
let llm: FakeOpenAi;
let home: string;

beforeAll(async () => {
  [fresh, llm] = await Promise.all([freshDatabase(), startFakeOpenAi()]);
  home = await mkdtemp(join(tmpdir(), 'masgpt-kill-'));
});
afterAll(async () => {
  await llm?.[Symbol.asyncDispose]();
  await fresh?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

describe.each(['bulk', 'durable'] as const)('%s mode', (mode) => {
  it('ends with the same answer and repeats no finished call', async () => {
    const store = { databaseUrl: fresh.url, home };
    const rows = await killAtEveryWrite(mode, { store, database: fresh.database, llm }, firstAndLast);
    const kinds = mode === 'bulk' ? 5 : 6;
    expect(new Set(rows.filter(({ died }) => died).map(({ operation }) => operation)).size).toBe(kinds);
    expect(rows.filter(({ died }) => died).length).toBeGreaterThanOrEqual(rows.length - 2);
    const harmless = { finishedAgain: 0, sameKeys: true, sameAnswer: true, divergences: 0 };
    for (const row of rows) expect(row).toMatchObject(harmless);
  }, 600_000);
});
