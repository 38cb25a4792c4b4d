/** A program as a tree of names: what an answer shows of it, and no word of a prompt. */
import { expect, it } from 'vitest';
import { createProgramNames, outlineOf } from '../../../activities/mas/outline.ts';
import { readPool } from '../../../activities/mas/pool.ts';
import { programOf, testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();
const pool = await readPool();

async function tree(source: string): Promise<string[]> {
  const { graph } = await sandbox.read(source);
  return graph === null
    ? []
    : outlineOf(graph).map(({ depth, kind, name }) => `${'  '.repeat(depth)}${kind}: ${name}`);
}

it('has nodes in order, each loop and ensemble above what it holds', async () => {
  const body = `
plan = self.llm.call_llm('You are a SECRET planner: ' + taskInfo)
for _ in range(3):
    with ThreadPoolExecutor() as pool:
        drafts = list(pool.map(lambda p: self.llm.call_llm(p), [plan] * 4))
    plan = self.llm.call_llm('SECRET: ' + str(drafts))
    if execute_code(plan) == 'SECRET':
        break
return self.llm.call_llm(plan)`;
  expect(await tree(programOf(body))).toEqual([
    'agent: plan',
    'loop: up to 3 rounds',
    '  ensemble: 4, side by side',
    '    agent: drafts',
    '  agent: plan 2',
    '  code: run_code',
    'agent: final',
  ]);
});

it.each(pool.list())('$id: no word of a prompt', async ({ source }) => {
  const { graph } = await sandbox.read(source);
  const shown = await tree(source);
  expect(shown.length).toBeGreaterThan(0);
  const identifiers = new Set(source.match(/[\p{L}_][\p{L}\p{N}_]*/gu));
  const own = new Set(
    'agent code tests search loop ensemble up to rounds round side by one for each of until done any number recursion final run_code run_tests websearch signature test_cases'.split(
      ' ',
    ),
  );
  for (const word of shown.join(' ').match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []) {
    expect(own.has(word) || identifiers.has(word)).toBe(true);
  }
  for (const { prompts } of graph?.nodes ?? []) {
    for (const prompt of prompts) expect(shown.join('\n')).not.toContain(prompt.slice(0, 20));
  }
});

it('a program is read once per process, and one that cannot be read runs nameless', async () => {
  let reads = 0;
  const counting = { ...sandbox, read: (source: string) => ((reads += 1), sandbox.read(source)) };
  const namesOf = createProgramNames();
  const source = programOf('return self.llm.call_llm(taskInfo)');
  const [one, two] = await Promise.all([namesOf(counting, 'a', source), namesOf(counting, 'a', source)]);
  expect(reads).toBe(1);
  expect(one).toBe(two);
  expect(one.nameOf('chat', [9])).toBe('final');
  expect(one.nameOf('chat', [99])).toBeUndefined();
  const broken = await namesOf({ ...sandbox, read: () => Promise.reject(new Error('out')) }, 'b', source);
  expect(broken).toMatchObject({ outline: [] });
  expect(broken.nameOf('chat', [9])).toBeUndefined();
});
