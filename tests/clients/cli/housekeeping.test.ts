/** `masgpt runs delete` and `masgpt gc` as a user types them: what goes is only what no listed run can need. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshHome, masgpt, type RunningCommand, startMasgpt } from '../../support/masgpt.ts';

let home: Awaited<ReturnType<typeof freshHome>>;
let dev: RunningCommand;
beforeAll(async () => {
  home = await freshHome();
  dev = startMasgpt(['dev', '--home', home.path]);
  await dev.until(/Ctrl-C stops it/);
}, 300_000);
afterAll(async () => {
  dev.kill('SIGINT');
  await dev.ended;
  await home[Symbol.asyncDispose]();
}, 60_000);

async function run(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await masgpt([...args, '--home', home.path, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const evaluate = (name: string, systems: string) => {
  const what = ['--benchmark', 'generated-test', '--limit', '4', '--system', systems];
  return run('evaluate', ...what, '--name', name);
};

const usageOf = async (name: string) => (await run('runs', 'show', `evaluation/${name}`))['llmCalls'];

test('a deleted run is gone, what another needs is not, and the same command again pays for the rest alone', async () => {
  const both = await evaluate('both', 'single,self-consistency');
  const paid = Number(await usageOf('both'));
  await evaluate('one', 'single');
  expect(await run('gc', '--dry-run')).toMatchObject({ executions: 0, calls: 0, generations: 0 });

  const planned = await run('runs', 'delete', 'evaluation/both', '--dry-run');
  expect(planned).toMatchObject({ executions: 4 });
  await run('runs', 'show', 'evaluation/both');
  const deleted = await run('runs', 'delete', 'evaluation/both');
  expect(deleted).toMatchObject({ executions: 4, histories: expect.any(Number) });
  expect(deleted['histories']).toBeGreaterThan(1);
  const again = await masgpt(['runs', 'delete', 'evaluation/both', '--home', home.path]);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('no run evaluation/both') });

  await evaluate('one-again', 'single');
  expect(await usageOf('one-again')).toBe(0);
  expect(await run('gc')).toMatchObject({ executions: 0 });
  const rebuilt = await evaluate('both', 'single,self-consistency');
  const repaid = Number(await usageOf('both'));
  expect(repaid).toBeGreaterThan(0);
  expect(repaid).toBeLessThan(paid);
  expect(rebuilt['systems']).toEqual(both['systems']);
}, 300_000);

test('nonsense is refused', async () => {
  for (const name of ['../etc', "x'; drop table runs; --"]) {
    const { code, stderr } = await masgpt(['runs', 'delete', name, '--home', home.path]);
    expect(code).toBe(1);
    expect(stderr).toContain('no run');
  }
}, 300_000);
