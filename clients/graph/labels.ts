/** The words of a program's graph, as its pictures say them: plain text, encoded by whoever draws it. */
import type { GraphGroup, GraphNode, ProgramGraph } from '../../activities/sandbox/program-graph.ts';
import { compact } from '../../workflows/shared/progress-words.ts';
import type { NodeUse } from './node-use.ts';

const tools: Readonly<Record<Exclude<GraphNode['kind'], 'agent'>, string>> = {
  code: 'runs code',
  tests: 'tests code',
  search: 'searches the web',
};

/** What a node is: the role that its prompt gives, else the prompt's opening words. */
export function roleOf(node: GraphNode): string {
  if (node.kind !== 'agent') return tools[node.kind];
  if (node.roles.length > 0) return node.roles.join(', ');
  return node.prompts.map(openingOf).find((words) => words !== '') ?? '';
}

/** The first line of a prompt that says something, rather than a heading ("Task:") or what is filled in. */
function openingOf(prompt: string): string {
  const lines = prompt.split('\n').map((line) => line.replace(/\s+/g, ' ').trim());
  const saying = lines.filter(
    (line) => (line.replaceAll(/\{[^}]*\}/g, '').match(/\p{L}+/gu) ?? []).length > 2,
  );
  return saying.find((line) => !line.endsWith(':')) ?? saying[0] ?? '';
}

/** What a node is alone in, as a badge. */
export function badgeOf({ kind, recursive, count, exits, over }: GraphGroup): string {
  if (kind === 'loop') {
    return `↻${recursive || count === null ? '' : exits ? ` up to ${count}` : ` ${count}`}`;
  }
  return `×${count ?? (over === '' ? ' n' : ` ${over}`)}`;
}

export function countLabel(use: NodeUse): string {
  const calls = `${use.calls} ${use.calls === 1 ? 'call' : 'calls'}`;
  const parts = [use.failed > 0 ? `${calls}, ${use.failed} failed` : calls];
  if (use.tokensIn + use.tokensOut > 0) parts.push(`${compact(use.tokensIn + use.tokensOut)} tokens`);
  return parts.join(' · ');
}

export function costLabel(use: NodeUse): string {
  const time = `${(use.ms / 1_000).toFixed(1)} s`;
  return use.costUsd > 0 ? `${time} · $${use.costUsd.toFixed(4)}` : time;
}

/** Groups with one member and no groups within: a badge says as much as a box. */
export function singleGroups({ nodes, groups }: ProgramGraph): ReadonlyMap<string, GraphGroup> {
  const single = groups.filter(
    ({ id }) =>
      !groups.some(({ parent }) => parent === id) && nodes.filter(({ group }) => group === id).length === 1,
  );
  return new Map(single.map((group) => [group.id, group]));
}
