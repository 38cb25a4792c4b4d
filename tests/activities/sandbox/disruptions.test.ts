/**
 * Programs that flood, forge, crash or never end: each gets a named status whose message would let a model repair it; host
 * and zygote are as before, no process stays, and the next program finds what the first one found. At each level this
 * machine gives.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelsHere, programOf, runProgram, testSandbox } from '../../support/sandbox.ts';
import { bombs } from './disruptions/bombs.ts';
import { ends } from './disruptions/ends.ts';
import { frames } from './disruptions/frames.ts';
import { sabotage } from './disruptions/sabotage.ts';
import { sources } from './disruptions/sources.ts';
import { hostState, type HostState, processesAtRest, sandboxProcesses } from './host-state.ts';
import { whatAProgramFinds } from './next-program.ts';

const forge = readFileSync(new URL('programs/forge.py', import.meta.url), 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'masgpt-test-canary-'));
const canary = join(directory, 'canary');
writeFileSync(canary, 'untouched');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const levels = (await levelsHere()).filter(({ passed }) => passed);
const tables = { bombs, ends, sources, sabotage, frames };
const rows = Object.entries(tables).flatMap(([table, disruptions]) =>
  disruptions.map((test) => ({ title: `${table}: ${test.name}`, test })),
);

describe.each(levels)('level $level', async ({ level }) => {
  const sandbox = await testSandbox(level);
  let before: { readonly host: HostState; readonly program: unknown; readonly processes: number };

  beforeAll(async () => {
    const program = await whatAProgramFinds(sandbox);
    before = { program, host: hostState(level, canary), processes: await processesAtRest(level) };
  });

  it.each(rows)('$title', async ({ test }) => {
    const source = test.source ?? programOf(test.body ?? '', test.forge ? forge : '');
    const { outcome } = await runProgram(sandbox, source, {
      ...(test.limits ? { limits: test.limits } : {}),
      reply: ({ call }) =>
        test.unanswered
          ? new Promise(() => {})
          : { ok: true, value: call.method === 'chat' ? call.args.messages[0]?.content : [] },
    });
    if (outcome.status === 'answered') {
      expect(test.answer, JSON.stringify(outcome).slice(0, 200)).toBeDefined();
      expect(outcome.answer).toMatch(test.answer ?? /never/);
      expect(outcome.stdout.length).toBeLessThanOrEqual(70_000);
    } else {
      expect([test.kind].flat(), outcome.message).toContain(outcome.kind);
      expect(outcome.message).not.toBe('');
      expect(outcome.message).not.toMatch(/runner\.py|zygote|\/guest|site-packages/);
      if (test.message) expect(outcome.message).toMatch(test.message);
    }
    expect(await whatAProgramFinds(sandbox)).toEqual(before.program);
    expect(hostState(level, canary)).toEqual(before.host);
    await expect
      .poll(() => sandboxProcesses(level).programs.length, { timeout: 10_000 })
      .toBeLessThanOrEqual(before.processes);
  });
});
