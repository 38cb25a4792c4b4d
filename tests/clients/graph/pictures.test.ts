/** Pictures of a program's graph: what they show, and that no text of a program acts in them. */
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { groupLabel } from '../../../activities/mas/outline.ts';
import { type ProgramGraph, programGraphSchema } from '../../../activities/sandbox/program-graph.ts';
import { drawnEdges } from '../../../clients/graph/drawn-edges.ts';
import { badgeOf, roleOf } from '../../../clients/graph/labels.ts';
import { toMermaid } from '../../../clients/graph/mermaid.ts';
import { useByNode } from '../../../clients/graph/node-use.ts';
import { toSvg } from '../../../clients/graph/svg.ts';
import { evilCorpus, marker } from '../../support/evil-corpus.ts';
import { findChromium } from '../../support/find-chromium.ts';

const executable = await findChromium();
const none = new Map();

/** A graph with a loop, an ensemble, a tool and every place where a text may stand. */
function graphOf(text: string): ProgramGraph {
  const word = text.slice(0, 300);
  const node = {
    kind: 'agent',
    line: 3,
    site: [[3, 3]],
    group: null,
    optional: false,
    temperature: 0.5,
    roles: [],
    prompts: [],
  } as const;
  return programGraphSchema.parse({
    query: word,
    nodes: [
      { ...node, id: 'n1', name: `${word} 1`, group: 'g1', roles: [word] },
      {
        ...node,
        id: 'n2',
        name: `${word} 2`,
        group: 'g2',
        prompts: [`${text.slice(0, 500)}\nthree words here`],
      },
      { ...node, id: 'n3', name: `${word} 3`, kind: 'tests', group: 'g2', optional: true },
    ],
    groups: [
      {
        id: 'g1',
        parent: null,
        kind: 'ensemble',
        line: 3,
        over: word,
        count: null,
        exits: false,
        recursive: false,
        parallel: true,
      },
      {
        id: 'g2',
        parent: null,
        kind: 'loop',
        line: 4,
        over: word,
        count: null,
        exits: true,
        recursive: false,
        parallel: false,
      },
    ],
    edges: [
      { from: 'in', to: 'n1', kind: 'data', back: false },
      { from: 'n1', to: 'n2', kind: 'choice', back: false },
      { from: 'n2', to: 'n3', kind: 'data', back: false },
      { from: 'n3', to: 'n2', kind: 'data', back: true },
      { from: 'n3', to: 'out', kind: 'data', back: false },
    ],
    unresolved: [{ line: 9, call: word, why: word }],
  });
}

const evil = Object.entries(evilCorpus);
const calls = [
  { agent: 'plain 1', ok: true, tokensIn: 1_000, tokensOut: 500, costUsd: 0.001, ms: 1_500 },
  { agent: 'plain 1', ok: false, tokensIn: 0, tokensOut: 0, costUsd: 0, ms: 500 },
];

describe('SVG', () => {
  it('shows names, roles, badges, boxes, what a run used, and what could not be read', async () => {
    const svg = await toSvg(graphOf('plain'), { title: 'The title', uses: useByNode(calls) });
    for (const shown of [
      'The title',
      '>plain 1<',
      '>plain<',
      '× plain',
      '↻ loop: for each of plain',
      '2 calls, 1 failed · 1.5k tokens',
      '2.0 s · $0.0010',
      'three words here',
      'tests code',
      'line 3 · T 0.5',
      'into the next round',
      'decides',
      'only in some runs',
      'see lines 9',
    ]) {
      expect(svg).toContain(shown);
    }
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  it.each(evil)('%s', async (_name, text) => {
    const svg = await toSvg(graphOf(text), { title: text, uses: none });
    expect(svg).toContain(marker);
    const plain = await toSvg(graphOf('plain'), { title: 'plain', uses: none });
    expect(tagsOf(svg)).toEqual(tagsOf(plain));
    expect(svg.replace(/<[^<>]*>/g, '')).not.toMatch(/[<>]/);
    // eslint-disable-next-line no-control-regex
    expect(svg).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  });

  it.skipIf(!executable)(
    'in Chromium: every hostile picture is one, loads nothing and runs nothing',
    async () => {
      const browser = await chromium.launch({ executablePath: executable ?? '', args: ['--no-sandbox'] });
      try {
        const tab = await browser.newPage();
        const trouble: string[] = [];
        tab.on('pageerror', (error) => trouble.push(String(error)));
        tab.on('dialog', (dialog) => trouble.push(dialog.message()));
        tab.on('request', (request) => {
          if (!request.url().startsWith('data:')) trouble.push(request.url());
        });
        for (const [name, text] of evil) {
          const svg = await toSvg(graphOf(text), { title: text, uses: none });
          await tab.goto(`data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`);
          if ((await tab.locator('parsererror').count()) > 0) trouble.push(`${name}: not well-formed`);
          expect(await tab.locator('rect.card').count()).toBeGreaterThan(0);
        }
        expect(trouble).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );
});

describe('Mermaid', () => {
  it('names nodes, groups and edges', () => {
    expect(toMermaid(graphOf('plain'), useByNode(calls))).toBe(`flowchart TD
  query(["plain"])
  n1["plain 1 × plain<br/>plain<br/>2 calls, 1 failed · 1.5k tokens · 2.0 s · #36;0.0010"]
  subgraph g2["loop#58; for each of plain"]
    n2["plain 2<br/>three words here"]
    n3{{"plain 3<br/>tests code"}}:::optional
  end
  answer(["answer"])
  query --> n1
  n1 -.-> n2
  n2 --> n3
  n3 -.-> n2
  n3 --> answer
  classDef optional stroke-dasharray: 5 4
`);
  });

  it.each(evil)('%s', (_name, text) => {
    const drawn = toMermaid(graphOf(text), none);
    const plain = toMermaid(graphOf('plain'), none);
    expect(drawn).toContain(marker);
    // The same lines but for what stands in quotes.
    const bare = (diagram: string): string => diagram.replace(/"[^"\n]*"/g, '""');
    expect(bare(drawn)).toBe(bare(plain));
    for (const [, label = ''] of drawn.matchAll(/"([^"\n]*)"/g)) {
      expect(label.replaceAll('<br/>', '').replace(/#\d+;/g, '')).toMatch(/^[\p{L}\p{M}\p{N} .,()…×↻·-]*$/u);
    }
  });
});

describe('words', () => {
  const group = graphOf('x').groups[0]!;
  it.each([
    [{ kind: 'loop', count: 3, exits: true }, 'up to 3 rounds', '↻ up to 3'],
    [{ kind: 'loop', count: 1, exits: false }, '1 round', '↻ 1'],
    [{ kind: 'loop', count: null, exits: true, over: '' }, 'until done', '↻'],
    [{ kind: 'loop', count: null, over: 'plans' }, 'for each of plans', '↻'],
    [{ kind: 'loop', recursive: true }, 'recursion', '↻'],
    [{ kind: 'ensemble', count: 5, parallel: true }, '5, side by side', '×5'],
    [{ kind: 'ensemble', count: 5, parallel: false }, '5', '×5'],
    [
      { kind: 'ensemble', count: null, over: 'experts', parallel: false },
      'one for each of experts',
      '× experts',
    ],
    [{ kind: 'ensemble', count: null, over: '', parallel: false }, 'any number', '× n'],
  ] as const)('%j', (change, label, badge) => {
    expect(groupLabel({ ...group, ...change })).toBe(label);
    expect(badgeOf({ ...group, ...change })).toBe(badge);
  });

  it('the opening of a prompt is its first line that says something', () => {
    const node = graphOf('x').nodes[1]!;
    const opening = (prompt: string): string => roleOf({ ...node, roles: [], prompts: [prompt] });
    expect(opening('Task:\n{taskInfo}\n\nWeigh the answers below.')).toBe('Weigh the answers below.');
    expect(opening('These are the answers:\n{answers}')).toBe('These are the answers:');
    expect(opening('{taskInfo}')).toBe('');
  });
});

it('a dense graph is drawn without the flows that a longer way implies', () => {
  const graph = graphOf('x');
  const ids = ['n1', 'n2', 'n3'] as const;
  const flow = (from: 'in' | (typeof ids)[number], to: (typeof ids)[number] | 'out', back = false) => ({
    ...{ from, to, kind: 'data' as const, back },
  });
  const edges = [
    ...[flow('in', 'n1'), flow('in', 'n2'), flow('n1', 'n2'), flow('n1', 'n3'), flow('n2', 'n3')],
    ...[
      flow('n1', 'out'),
      flow('n2', 'out'),
      flow('n3', 'out'),
      flow('n3', 'n1', true),
      flow('n2', 'n2', true),
    ],
  ];
  const named = (drawn: readonly { from: string; to: string }[]) =>
    drawn.map(({ from, to }) => `${from} ${to}`);
  const { edges: drawn, leftOut } = drawnEdges({ ...graph, edges });
  expect(named(drawn)).toEqual(['in n1', 'n1 n2', 'n2 n3', 'n3 out', 'n3 n1']);
  expect(leftOut).toBe(3);
  const sparse = drawnEdges({ ...graph, edges: edges.slice(0, 5) });
  expect(named(sparse.edges)).toEqual(['in n1', 'n1 n2', 'n1 n3', 'n2 n3']);
  expect(sparse.leftOut).toBe(0);
});

it('the largest graph that is read is drawn', async () => {
  const graph = graphOf('x');
  const [node] = graph.nodes;
  if (!node) throw new Error('no node');
  const nodes = Array.from({ length: 120 }, (_, i) => ({
    ...node,
    id: `n${i + 1}`,
    name: `agent ${i + 1}`,
    group: null,
  }));
  const edges = nodes.flatMap(({ id: to }, i) =>
    nodes.slice(0, i).map(({ id: from }) => ({ from, to, kind: 'data' as const, back: false })),
  );
  const svg = await toSvg({ ...graph, nodes, edges }, { title: 'large', uses: none });
  expect(svg.match(/class="card agent"/g)).toHaveLength(120);
  expect(svg).toContain('Left out: 7021 flows');
});

it('a graph whose ids have no bearers, or go round, is refused', () => {
  const graph = graphOf('x');
  const wrong: Partial<ProgramGraph>[] = [
    { edges: [{ from: 'n9', to: 'out', kind: 'data', back: false }] },
    { nodes: graph.nodes.map((node) => ({ ...node, group: 'g9' })) },
    { nodes: [...graph.nodes, ...graph.nodes] },
    { groups: graph.groups.map((group) => ({ ...group, parent: group.id })) },
    { nodes: graph.nodes.map((node) => ({ ...node, id: '"><script>' })) },
    { nodes: Array.from({ length: 5_000 }, () => graph.nodes[0]!) },
  ];
  for (const change of wrong)
    expect(programGraphSchema.safeParse({ ...graph, ...change }).success).toBe(false);
});

/** Names of all elements, in order. */
function tagsOf(svg: string): string[] {
  return [...svg.matchAll(/<([a-z]+)/gi)].map(([, name = '']) => name).filter((name) => name !== 'text');
}
