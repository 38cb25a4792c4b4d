/** Calls of running programs find their node: in every program of the pool, and where threads and recursion hide the way. */
import { describe, expect, it } from 'vitest';
import { createCallMatcher } from '../../../activities/mas/match-calls.ts';
import { readPool } from '../../../activities/mas/pool.ts';
import type { GraphNode } from '../../../activities/sandbox/program-graph.ts';
import type { PendingCall } from '../../../activities/sandbox/sandbox.ts';
import type { HostReply } from '../../../workflows/shared/program.ts';
import { poolQueries, simulatedDriver } from '../../support/pool-models.ts';
import { programOf, runProgram, testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();
const pool = await readPool();
const queries = poolQueries();
const model = simulatedDriver(queries);

async function matched(
  source: string,
  query: string,
): Promise<{ call: PendingCall; node: GraphNode | null; nodes: readonly GraphNode[] }[]> {
  const { graph } = await sandbox.read(source);
  if (graph === null) throw new Error('no graph');
  const match = createCallMatcher(graph);
  const say = model();
  const reply = ({ call }: PendingCall): HostReply => {
    if (call.method === 'chat') return { ok: true, value: say(call.args.messages.at(-1)?.content ?? '') };
    if (call.method === 'websearch') return { ok: true, value: [] };
    if (call.method === 'executeCode')
      return { ok: true, value: 'Final output: 1\nPrint during execution:\n' };
    const tests = call.args.tests.map(() => ({ status: 'fail', message: 'it is wrong' }));
    return { ok: true, value: { status: 'done', text: '', tests } };
  };
  const { calls } = await runProgram(sandbox, source, { query, reply });
  return calls.map((call) => ({ call, node: match(call.call.method, call.site), nodes: graph.nodes }));
}

/** The words before the first thing that is filled in. */
function beginnings(node: GraphNode | null): string[] {
  return (node?.prompts ?? []).map((prompt) => (prompt.split('{')[0] ?? '').slice(0, 500));
}

describe.each(pool.list())('$id', ({ source }) => {
  it('each call finds the node whose prompt it sends', async () => {
    for (const query of [queries['number'], queries['code']]) {
      for (const { call, node } of await matched(source, query?.text ?? '')) {
        expect(node).not.toBeNull();
        const { call: asked } = call;
        if (asked.method !== 'chat' || beginnings(node).length === 0 || isLibrary(node)) continue;
        const prompt = asked.args.messages.at(-1)?.content ?? '';
        expect(beginnings(node).some((words) => prompt.startsWith(words))).toBe(true);
      }
    }
  });
});

/** The library words these prompts itself. */
function isLibrary(node: GraphNode | null): boolean {
  return node !== null && /^(?:signature|test_cases)/.test(node.name);
}

it('the same helper, called from two places and from threads, is two nodes', async () => {
  const source = programOf(`
with ThreadPoolExecutor(2) as pool:
    drafts = list(pool.map(self.ask, ['one', 'two']))
third = self.ask('three')
return third + self.ask('four')`).replace(
    '    def forward',
    '    def ask(self, prompt):\n        return self.llm.call_llm(prompt)\n\n    def forward',
  );
  const found = await matched(source, 'q');
  expect(found.map(({ node }) => node?.name)).toEqual(['drafts', 'drafts', 'third', 'final']);
});

it('lines that a guest makes up find the nearest node, or none', async () => {
  const { graph } = await sandbox.read(pool.get('llm-debate').source);
  if (graph === null) throw new Error('no graph');
  const match = createCallMatcher(graph);
  const [first] = graph.nodes;
  expect(match('chat', [first?.line ?? 0, 999_999])).not.toBeNull();
  expect(match('chat', [999_999, first?.line ?? 0])).toBeNull();
  expect(match('chat', [])).toBeNull();
  expect(match('websearch', [first?.line ?? 0])).toBeNull();
});
