/**
 * Which node of its graph a running program's call belongs to: the one of its kind whose way from forward is most like the
 * lines that the guest reports. The guest may report anything; what comes of it is a name in a picture.
 */
import type { HostCall } from '../../workflows/shared/program.ts';
import type { GraphNode, ProgramGraph } from '../sandbox/program-graph.ts';

export type MatchCall = (method: HostCall['method'], site: readonly number[]) => GraphNode | null;

const kinds: Readonly<Record<HostCall['method'], GraphNode['kind']>> = {
  chat: 'agent',
  executeCode: 'code',
  testCode: 'tests',
  websearch: 'search',
};

export function createCallMatcher(graph: ProgramGraph): MatchCall {
  const known = new Map<string, GraphNode | null>();
  return (method, site) => {
    const key = `${method} ${site.join(' ')}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const matched = match(graph, kinds[method], site);
    if (known.size < maxKnown) known.set(key, matched);
    return matched;
  };
}

const maxKnown = 10_000;

function match(graph: ProgramGraph, kind: GraphNode['kind'], site: readonly number[]): GraphNode | null {
  const [innermost] = site;
  if (innermost === undefined) return null;
  let best: { readonly node: GraphNode; readonly score: number } | null = null;
  for (const node of graph.nodes) {
    const [place] = node.site;
    if (node.kind !== kind || place === undefined || !isWithin(innermost, place)) continue;
    const shared = commonLines(site, node.site);
    // Of calls within each other the shortest is meant.
    const score = 2 * shared - site.length - node.site.length - (place[1] - place[0]) / 1_000;
    if (best === null || score > best.score) best = { node, score };
  }
  return best?.node ?? null;
}

type Lines = readonly [first: number, last: number];

function isWithin(line: number, [first, last]: Lines): boolean {
  return first <= line && line <= last;
}

/** Length of the longest common subsequence: a thread may hide a part of the way. */
function commonLines(site: readonly number[], way: readonly Lines[]): number {
  let row = Array.from({ length: way.length + 1 }, () => 0);
  for (const line of site) {
    const next = [0];
    for (const [index, lines] of way.entries()) {
      const both = isWithin(line, lines) ? (row[index] ?? 0) + 1 : 0;
      next.push(Math.max(both, row[index + 1] ?? 0, next[index] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
