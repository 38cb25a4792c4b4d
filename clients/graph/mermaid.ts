/** A program's graph as a Mermaid flowchart, as GitHub and GitLab draw it. */
import { groupLabel } from '../../activities/mas/outline.ts';
import type { GraphNode, ProgramGraph } from '../../activities/sandbox/program-graph.ts';
import { mermaidLabel } from '../../workflows/shared/encode/mermaid.ts';
import { clip } from '../cli/display-width.ts';
import { drawnEdges } from './drawn-edges.ts';
import { badgeOf, costLabel, countLabel, roleOf, singleGroups } from './labels.ts';
import type { NodeUse } from './node-use.ts';

export function toMermaid(graph: ProgramGraph, uses: ReadonlyMap<string, NodeUse>): string {
  const single = singleGroups(graph);
  const boxOf = (id: string | null): string | null => {
    const group = id === null ? undefined : single.get(id);
    return group ? group.parent : id;
  };
  const nodeLine = (node: GraphNode): string => {
    const group = node.group === null ? undefined : single.get(node.group);
    const use = uses.get(node.name);
    const lines = [
      `${node.name}${group ? `  ${badgeOf(group)}` : ''}`,
      clip(roleOf(node), maxRole),
      use ? `${countLabel(use)} · ${costLabel(use)}` : '',
    ];
    const label = lines
      .filter((line) => line !== '')
      .map(mermaidLabel)
      .join('<br/>');
    const [open, close] = shapes[node.kind];
    return `${node.id}${open}"${label}"${close}${node.optional ? ':::optional' : ''}`;
  };
  const inside = (parent: string | null, indent: string): string[] => [
    ...graph.nodes.filter(({ group }) => boxOf(group) === parent).map((node) => indent + nodeLine(node)),
    ...graph.groups
      .filter((group) => group.parent === parent && !single.has(group.id))
      .flatMap((group) => [
        `${indent}subgraph ${group.id}["${mermaidLabel(`${group.kind}: ${groupLabel(group)}`)}"]`,
        ...inside(group.id, `${indent}  `),
        `${indent}end`,
      ]),
  ];
  const edges = drawnEdges(graph).edges.map(
    ({ from, to, kind, back }) => `  ${end(from)} ${kind === 'choice' || back ? '-.->' : '-->'} ${end(to)}`,
  );
  const lines = [
    'flowchart TD',
    `  query(["${mermaidLabel(graph.query)}"])`,
    ...inside(null, '  '),
    '  answer(["answer"])',
    ...edges,
    '  classDef optional stroke-dasharray: 5 4',
  ];
  return `${lines.join('\n')}\n`;
}

const maxRole = 60;

const shapes: Readonly<Record<GraphNode['kind'], readonly [string, string]>> = {
  agent: ['[', ']'],
  code: ['[[', ']]'],
  tests: ['{{', '}}'],
  search: ['[/', '/]'],
};

/** `end` is a word of Mermaid's: the ends of the graph have names of their own. */
function end(id: string): string {
  return id === 'in' ? 'query' : id === 'out' ? 'answer' : id;
}
