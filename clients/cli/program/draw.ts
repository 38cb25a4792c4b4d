/** A program's graph as text in one of three formats, with what a run used at each node. */
import type { ProgramGraph } from '../../../activities/sandbox/program-graph.ts';
import type { NodeUse } from '../../graph/node-use.ts';

export const graphFormats = ['mermaid', 'json', 'svg'] as const;
export type GraphFormat = (typeof graphFormats)[number];

export interface Drawing {
  readonly title: string;
  readonly uses: ReadonlyMap<string, NodeUse>;
}

export async function draw(graph: ProgramGraph, drawing: Drawing, format: GraphFormat): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(graphDocument(graph, drawing), null, 2)}\n`;
    case 'mermaid':
      return (await import('../../graph/mermaid.ts')).toMermaid(graph, drawing.uses);
    case 'svg':
      // Graphviz is a megabyte of WebAssembly.
      return await (await import('../../graph/svg.ts')).toSvg(graph, drawing);
  }
}

export function graphDocument(graph: ProgramGraph, { title, uses }: Drawing): object {
  const nodes = graph.nodes.map((node) => {
    const used = uses.get(node.name);
    return used ? { ...node, used } : node;
  });
  return { program: title, ...graph, nodes };
}
