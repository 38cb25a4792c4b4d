/** Nothing of one program is visible to the next: what a process can change is changed, and the next one finds it as at first. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { levelsHere, programOf, runProgram, testSandbox } from '../../support/sandbox.ts';
import { processesAtRest, sandboxProcesses } from './host-state.ts';
import { whatAProgramFinds } from './next-program.ts';

const read = (name: string): string => readFileSync(new URL(`programs/${name}`, import.meta.url), 'utf8');
const functions = read('fingerprint.py').split('\nclass MAS')[0];
const traces = `${functions}\n${read('traces.py')}`;
const marker = 'a-word-that-one-program-left-in-its-memory';
const backwards = [...marker].toReversed().join('');

const levels = (await levelsHere()).filter(({ passed }) => passed);

describe.each(levels)('level $level', async ({ level }) => {
  const sandbox = await testSandbox(level);
  const answerOf = async (source: string, query: string): Promise<string> => {
    const { outcome } = await runProgram(sandbox, source, { query });
    return outcome.status === 'answered' ? outcome.answer : JSON.stringify(outcome);
  };

  it('a program that leaves traces everywhere sees them; the next ten do not', async () => {
    const before = (await whatAProgramFinds(sandbox)) as Record<string, unknown>;
    const planted = JSON.parse(await answerOf(traces, `plant ${backwards}`)) as Record<string, unknown>;
    const changed = Object.keys(before).filter(
      (key) => JSON.stringify(before[key]) !== JSON.stringify(planted[key]),
    );
    const always = `arguments blocked builtins collector descriptors digits directory environment hooks limits mask modules
      paths random recursion signals threads timers warnings`;
    expect(changed).toEqual(expect.arrayContaining(always.split(/\s+/)));
    if (level === 'namespaces') expect(changed).toContain('files');
    for (let n = 0; n < 10; n += 1) expect(await whatAProgramFinds(sandbox)).toEqual(before);
  });

  it('memory that one program filled is empty for the next', async () => {
    const searches = await Promise.all(
      Array.from({ length: 8 }, (_, n) => answerOf(traces, `${n % 2 ? 'search' : 'plant'} ${backwards}`)),
    );
    expect(searches.filter((_, n) => n % 2 === 1)).toEqual(Array(4).fill('nothing found'));
    expect(await answerOf(traces, `search ${backwards}`)).toBe('nothing found');
  });

  it('300 programs that end in every way leave no process, and one zygote', async () => {
    await whatAProgramFinds(sandbox);
    const before = { ...sandboxProcesses(level), processes: await processesAtRest(level) };
    const ends = [
      "return 'x'",
      'os._exit(3)',
      'os.abort()',
      'import signal\nos.kill(os.getpid(), signal.SIGKILL)\nos._exit(0)',
      'sys.exit()',
    ];
    for (let round = 0; round < 30; round += 1)
      await Promise.all(
        Array.from({ length: 10 }, (_, n) => answerOf(programOf(ends[n % ends.length] ?? ''), 'q')),
      );
    expect(sandboxProcesses(level).zygotes).toEqual(before.zygotes);
    await expect
      .poll(() => sandboxProcesses(level).programs.length, { timeout: 10_000 })
      .toBeLessThanOrEqual(before.processes);
  });
});
