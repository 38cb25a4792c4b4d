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
  const forward = edges.filter(({ back }) => !back);
  const kept = edges.filter((edge) => edge.back || !isImplied(edge, forward));
  return { edges: kept, leftOut: edges.length - kept.length };
}

/** Whether other edges lead from one end to the other. */
function isImplied(edge: GraphEdge, edges: readonly GraphEdge[]): boolean {
  const seen = new Set<string>();
  const waiting: string[] = [edge.from];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const other of edges) {
      if (other === edge || other.from !== id || seen.has(other.to)) continue;
      if (other.to === edge.to) return true;
      seen.add(other.to);
      waiting.push(other.to);
    }
  }
  return false;
}
