/** The graph of a program, read in the sandbox: a table of programs in the ways that models write them, and the whole pool. */
import { describe, expect, it } from 'vitest';
import { readPool } from '../../../activities/mas/pool.ts';
import type { ProgramGraph } from '../../../activities/sandbox/program-graph.ts';
import { programOf, testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();
const pool = await readPool();

async function graphOf(source: string): Promise<ProgramGraph> {
  const { graph, findings } = await sandbox.read(source);
  if (graph === null) throw new Error(findings.map(({ message }) => message).join('\n'));
  return graph;
}

/** Edges by name: "a > b" data, "a ? b" choice, "a >> b" into a later turn. */
function edgesOf({ nodes, edges }: ProgramGraph): string[] {
  const nameOf = (id: string): string => nodes.find((node) => node.id === id)?.name ?? id;
  return edges
    .map(
      ({ from, to, kind, back }) =>
        `${nameOf(from)} ${kind === 'choice' ? '?' : back ? '>>' : '>'} ${nameOf(to)}`,
    )
    .toSorted();
}

function groupsOf({ nodes, groups }: ProgramGraph): string[] {
  return groups.map(({ id, kind, count, over, parallel, exits, recursive }) => {
    const marks = [parallel && 'parallel', exits && 'exits', recursive && 'recursive'].filter(Boolean);
    const members = nodes.filter(({ group }) => group === id).map(({ name }) => name);
    return [kind, count ?? over, ...marks, `[${members.join(' ')}]`].join(' ');
  });
}

interface Expected {
  readonly body: string;
  readonly head?: string;
  readonly nodes: readonly string[];
  readonly groups?: readonly string[];
  readonly edges: readonly string[];
}

const table: Record<string, Expected> = {
  'a chain in variables': {
    body: `
draft = self.llm.call_llm('Draft: ' + taskInfo)
critique = self.llm.call_llm(f'You are a strict critic. {draft}')
return self.llm.call_llm(f'{taskInfo} {draft} {critique}')`,
    nodes: ['agent draft', 'agent critique', 'agent final'],
    edges: [
      'critique > final',
      'draft > critique',
      'draft > final',
      'final > out',
      'in > draft',
      'in > final',
    ],
  },
  'an ensemble by list comprehension and a judge': {
    body: `
answers = [self.llm.call_llm(taskInfo, temperature=0.7) for _ in range(5)]
listed = '\\n'.join(f'{i}: {a}' for i, a in enumerate(answers))
return self.llm.call_llm('Judge: ' + listed)`,
    nodes: ['agent answers', 'agent final'],
    groups: ['ensemble 5 [answers]'],
    edges: ['answers > final', 'final > out', 'in > answers'],
  },
  'an ensemble by a loop that appends': {
    body: `
answers = []
for role in ['poet', 'judge', 'cook']:
    answers.append(self.llm.call_llm(f'You are a {role}. {taskInfo}'))
return Counter(answers).most_common(1)[0][0]`,
    nodes: ['agent answers'],
    groups: ['ensemble 3 [answers]'],
    edges: ['answers > out', 'in > answers'],
  },
  'a pool with a lambda': {
    body: `
with ThreadPoolExecutor(3) as pool:
    views = list(pool.map(lambda p: self.llm.call_llm(p, 0.7), [taskInfo] * 3))
return views[0]`,
    nodes: ['agent views'],
    groups: ['ensemble 3 parallel [views]'],
    edges: ['in > views', 'views > out'],
  },
  'futures in a dictionary of roles': {
    body: `
roles = {'a': 'You are an analyst.', 'b': 'You are a builder.'}
found = {}
with ThreadPoolExecutor() as pool:
    futures = {pool.submit(self.llm.call_llm, role + taskInfo): name for name, role in roles.items()}
    for future in as_completed(futures):
        found[futures[future]] = future.result()
return self.llm.call_llm(json.dumps(found))`,
    nodes: ['agent final'],
    edges: [],
  },
  'refinement in a bounded loop': {
    body: `
answer = self.llm.call_llm(taskInfo)
for _ in range(3):
    feedback = self.llm.call_llm(f'Criticise {answer}')
    if 'good' in feedback:
        break
    answer = self.llm.call_llm(f'Improve {answer} by {feedback}')
return answer`,
    nodes: ['agent answer', 'agent feedback', 'agent answer 2'],
    groups: ['loop 3 exits [feedback answer 2]'],
    edges: [
      'answer 2 > out',
      'answer 2 >> answer 2',
      'answer 2 >> feedback',
      'answer > answer 2',
      'answer > feedback',
      'answer > out',
      'feedback > answer 2',
      'in > answer',
    ],
  },
  'code that is tested and repaired': {
    body: `
reply, code = generate_and_extract_code(self.llm, taskInfo)
tests = get_test_cases(self.llm, taskInfo, get_function_signature(self.llm, taskInfo))
while True:
    passed, feedback = test_code_get_feedback(code, tests)
    if passed:
        return code
    code = extract_code(self.llm.call_llm(f'Repair {code}: {feedback}'))`,
    nodes: ['agent code', 'agent signature', 'agent test_cases', 'tests run_tests', 'agent code 2'],
    groups: ['loop  exits [run_tests code 2]'],
    edges: [
      'code 2 > out',
      'code 2 >> code 2',
      'code 2 >> run_tests',
      'code > code 2',
      'code > out',
      'code > run_tests',
      'in > code',
      'in > signature',
      'in > test_cases',
      'run_tests > code 2',
      'signature > test_cases',
      'test_cases > run_tests',
    ],
  },
  'routing to a role': {
    body: `
kind = self.llm.call_llm('Which kind? ' + taskInfo)
if 'math' in kind:
    role = 'You are a mathematician.'
else:
    role = 'You are a generalist.'
facts = websearch(taskInfo)
return self.llm.call_llm(f'{role} {taskInfo} {facts}')`,
    nodes: ['agent kind', 'search websearch', 'agent final'],
    edges: ['final > out', 'in > final', 'in > kind', 'in > websearch', 'kind ? final', 'websearch > final'],
  },
  'handlers in a dictionary, nested functions': {
    body: `
def maths(task):
    return self.llm.call_llm('Compute ' + task)
def prose(task):
    return self.llm.call_llm('Write ' + task)
domain = self.llm.call_llm('Domain of ' + taskInfo)
return {'math': maths}.get(domain, prose)(taskInfo)`,
    nodes: ['agent domain', 'agent? maths', 'agent? prose'],
    edges: [
      'domain ? maths',
      'domain ? prose',
      'in > domain',
      'in > maths',
      'in > prose',
      'maths > out',
      'prose > out',
    ],
  },
  'rounds of asyncio': {
    body: `
async def ask(name, seen):
    return await asyncio.to_thread(self.llm.call_llm, f'You are {name}. {taskInfo} {seen}')
async def meet():
    seen = []
    for _ in range(2):
        seen = await asyncio.gather(*(ask(name, seen) for name in ['Ann', 'Bob']))
    return seen
return str(asyncio.run(meet()))`,
    nodes: ['agent seen'],
    groups: ['loop 2 []', 'ensemble 2 parallel [seen]'],
    edges: ['in > seen', 'seen > out', 'seen >> seen'],
  },
  'replies in a dictionary, read in the next round': {
    body: `
replies = {}
for layer in range(3):
    if layer == 2:
        print(self.llm.call_llm('Rank ' + ';'.join(f'{name} {reply}' for name, reply in replies.items())))
    with ThreadPoolExecutor() as pool:
        asked = [f'You are {name}. {taskInfo} {replies}' for name in ['Ann', 'Bob']]
        replies = dict(zip(['Ann', 'Bob'], pool.map(self.llm.call_llm, asked)))
return list(replies.values())[0]`,
    nodes: ['agent? agent', 'agent replies'],
    groups: ['loop 3 [agent]', 'ensemble 2 parallel [replies]'],
    edges: ['in > replies', 'replies > out', 'replies >> agent', 'replies >> replies'],
  },
  'a tree by recursion': {
    body: 'return self.solve(taskInfo, 0)',
    head: `
class Solver:
    def solve(self, task, depth):
        if depth == 2:
            return self.llm.call_llm('Solve ' + task)
        parts = self.llm.call_llm('Split ' + task).split(';')
        return self.llm.call_llm('Join ' + str([self.solve(part, depth + 1) for part in parts]))`,
    nodes: ['agent? solve', 'agent parts', 'agent solve 2'],
    groups: ['loop  recursive [solve parts solve 2]'],
    edges: [
      'in > parts',
      'in > solve',
      'parts > solve 2',
      'parts >> parts',
      'parts >> solve',
      'solve 2 > out',
      'solve 2 >> solve 2',
      'solve > out',
      'solve > solve 2',
    ],
  },
  'code that is run, in a thread': {
    body: `
script = self.llm.call_llm('Script for ' + taskInfo)
results = []
def work():
    results.append(execute_code(script))
thread = threading.Thread(target=work)
thread.start()
thread.join()
return results[0]`,
    nodes: ['agent script', 'code run_code'],
    edges: ['in > script', 'run_code > out', 'script > run_code'],
  },
};

describe('programs', () => {
  it.each(Object.entries(table))('%s', async (name, { body, head = '', nodes, groups = [], edges }) => {
    const source = programOf(body.trim(), head).replace(
      'class MAS:',
      head === '' ? 'class MAS:' : 'class MAS(Solver):',
    );
    const graph = await graphOf(source);
    expect(graph.unresolved).toEqual([]);
    if (name === 'futures in a dictionary of roles') return checkRoles(graph);
    expect(
      graph.nodes.map(({ kind, name: said, optional }) => `${kind}${optional ? '?' : ''} ${said}`),
    ).toEqual(nodes);
    expect(groupsOf(graph)).toEqual(groups);
    expect(edgesOf(graph)).toEqual(edges);
  });

  function checkRoles(graph: ProgramGraph): void {
    expect(graph.nodes[0]?.roles).toEqual(['analyst', 'builder']);
    expect(edgesOf(graph)).toContain(`${graph.nodes[0]?.name} > final`);
    expect(graph.groups).toMatchObject([{ kind: 'ensemble', count: 2, parallel: true }]);
  }

  it('says what it could not follow', async () => {
    const graph = await graphOf(
      programOf(`
def never(prompt):
    return self.llm.call_llm(prompt)
return eval('never')(taskInfo) + self.llm.call_llm(taskInfo)`),
    );
    expect(graph.nodes).toHaveLength(1);
    expect(graph.unresolved).toEqual([
      { line: 12, call: '', why: 'eval() runs text that is made at run time' },
      { line: 11, call: 'self.llm.call_llm', why: 'no way from forward to never could be read' },
    ]);
  });

  it('reads prompts, roles, temperatures and places', async () => {
    const { nodes } = await graphOf(
      programOf(`
return self.ask(
    f'You are a strict teacher of {taskInfo}. Grade it.')`).replace(
        '    def forward',
        '    def ask(self, prompt):\n        return self.llm.call_llm(prompt, 0.2)\n\n    def forward',
      ),
    );
    expect(nodes).toMatchObject([
      {
        roles: ['strict teacher of {taskInfo}'],
        prompts: ['You are a strict teacher of {taskInfo}. Grade it.'],
        temperature: 0.2,
        line: 9,
        site: [
          [9, 9],
          [13, 14],
        ],
      },
    ]);
  });

  it('is bounded: a program of many nested loops and calls is told to be too large', async () => {
    const functions = Array.from({ length: 30 }, (_, i) =>
      [
        `def f${i}(llm, x):`,
        '    for a in x:',
        `        x = f${i + 1}(llm, f${i + 1}(llm, x))`,
        '    return x',
      ].join('\n'),
    );
    const head = [...functions, 'def f30(llm, x):\n    return llm.call_llm(x)'].join('\n');
    const graph = await graphOf(programOf('return f0(self.llm, taskInfo)', head));
    expect(graph.unresolved[0]?.why).toMatch(/too large/);
  });
});

describe.each(pool.list())('$id', ({ source }) => {
  it('is read whole: at least one agent, each call reached, an answer', async () => {
    const { graph, findings } = await sandbox.read(source);
    expect(findings).toEqual([]);
    expect(graph?.unresolved).toEqual([]);
    expect(graph?.nodes.some(({ kind }) => kind === 'agent')).toBe(true);
    expect(graph?.edges.some(({ to, kind }) => to === 'out' && kind === 'data')).toBe(true);
    expect(new Set(graph?.nodes.map(({ name }) => name)).size).toBe(graph?.nodes.length);
  });
});
