/**
 * The edges that a picture draws: the query's only to nodes that nothing else feeds (nearly every prompt quotes it), no
 * node's to itself, which its loop says already, and in a dense graph none that a longer way implies.
 */
import type { GraphEdge, ProgramGraph } from '../../activities/sandbox/program-graph.ts';

export interface DrawnEdges {
  readonly edges: readonly GraphEdge[];
  /** Flows that a longer way implies. */
  readonly leftOut: number;
}

export function drawnEdges(graph: ProgramGraph): DrawnEdges {
  const fed = new Set(graph.edges.filter(({ from, back }) => from !== 'in' && !back).map(({ to }) => to));
  const edges = graph.edges.filter(({ from, to }) => from !== to && (from !== 'in' || !fed.has(to)));
  if (edges.length <= 1.7 * graph.nodes.length + 2) return { edges, leftOut: 0 };
  const isImplied = longerWays(edges.filter(({ back }) => !back));
  const kept = edges.filter((edge) => edge.back || !isImplied(edge));
  return { edges: kept, leftOut: edges.length - kept.length };
}

/** Tells whether others of these edges, which have no cycles, lead from one end of an edge to the other. */
function longerWays(edges: readonly GraphEdge[]): (edge: GraphEdge) => boolean {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const reached = new Map<string, Set<string>>();
  const reachable = (id: string): Set<string> => {
    const known = reached.get(id);
    if (known) return known;
    const found = new Set<string>();
    reached.set(id, found);
    for (const direct of next.get(id) ?? []) {
      found.add(direct);
      for (const further of reachable(direct)) found.add(further);
    }
    return found;
  };
  return ({ from, to }) => [...(next.get(from) ?? [])].some((via) => via !== to && reachable(via).has(to));
}
