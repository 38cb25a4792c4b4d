/** Where everything stands: Graphviz (as WebAssembly) lays out boxes of known sizes. It sees ids and numbers, never a text. */
import { instance } from '@viz-js/viz';
import { z } from 'zod';

export interface LayoutNode {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** The box around it. */
  readonly box: string | null;
}

export interface LayoutBox {
  readonly id: string;
  readonly parent: string | null;
  /** Of its label. */
  readonly labelWidth: number;
}

export interface LayoutEdge {
  readonly from: string;
  readonly to: string;
  /** Goes back to an earlier node: it has no say in the order. */
  readonly back: boolean;
}

interface Place {
  /** Upper left corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly places: ReadonlyMap<string, Place>;
  /** In the order of the edges: a path of cubic curves from one end to the other. */
  readonly curves: readonly (readonly Point[])[];
}

type Point = readonly [x: number, y: number];

const numberList = z.string().transform((text) => text.split(',').map(Number));
const layoutSchema = z.object({
  bb: numberList,
  objects: z
    .array(z.object({ name: z.string(), bb: numberList.optional(), pos: numberList.optional() }))
    .default([]),
  edges: z.array(z.object({ id: z.string(), pos: z.string() })).default([]),
});

const inch = 72;
const labelHeight = 22;

export async function layOut(
  nodes: readonly LayoutNode[],
  boxes: readonly LayoutBox[],
  edges: readonly LayoutEdge[],
): Promise<Layout> {
  const viz = await instance();
  const subgraph = (box: LayoutBox): object => ({
    name: `cluster_${box.id}`,
    // An empty label of the label's size keeps room for it.
    graphAttributes: { margin: 14, label: { html: spacer(box.labelWidth) }, labeljust: 'l' },
    nodes: nodes.filter((node) => node.box === box.id).map(nodeOf),
    subgraphs: boxes.filter(({ parent }) => parent === box.id).map(subgraph),
  });
  const laid = viz.renderJSON({
    directed: true,
    graphAttributes: { rankdir: 'TB', ranksep: 0.5, nodesep: 0.35, margin: 0, pad: 0 },
    nodes: nodes.filter(({ box }) => box === null).map(nodeOf),
    subgraphs: boxes.filter(({ parent }) => parent === null).map(subgraph),
    edges: edges.map(({ from, to, back }, index) => ({
      tail: from,
      head: to,
      attributes: { id: `e${index}`, constraint: !back, arrowhead: 'none', ...(back ? { weight: 0 } : {}) },
    })),
  } as Parameters<typeof viz.renderJSON>[0]);
  const { bb, objects, edges: drawn } = layoutSchema.parse(laid);
  const [left = 0, bottom = 0, right = 0, top = 0] = bb;
  const flip = (x: number, y: number): Point => [x - left, top - y];
  const places = new Map<string, Place>();
  for (const { name, bb: box, pos } of objects) {
    const node = nodes.find(({ id }) => id === name);
    if (node && pos) {
      const [x, y] = flip(pos[0] ?? 0, pos[1] ?? 0);
      places.set(name, { ...node, x: x - node.width / 2, y: y - node.height / 2 });
    } else if (box) {
      const [x, y] = flip(box[0] ?? 0, box[3] ?? 0);
      const [x2, y2] = flip(box[2] ?? 0, box[1] ?? 0);
      places.set(name.replace('cluster_', ''), { x, y, width: x2 - x, height: y2 - y });
    }
  }
  const curveOf = new Map(drawn.map(({ id, pos }) => [id, pos]));
  const curves = edges.map((_, index) =>
    pointsOf(curveOf.get(`e${index}`) ?? '').map(([x, y]) => flip(x, y)),
  );
  return { width: right - left, height: top - bottom, places, curves };
}

function nodeOf({ id, width, height }: LayoutNode): object {
  return {
    name: id,
    attributes: { shape: 'box', fixedsize: true, width: width / inch, height: height / inch, label: '' },
  };
}

function spacer(width: number): string {
  return `<table border="0" cellborder="0" fixedsize="true" width="${Math.round(width)}" height="${labelHeight}"><tr><td></td></tr></table>`;
}

function pointsOf(pos: string): Point[] {
  return pos
    .split(' ')
    .filter((part) => !/^[es],/.test(part))
    .map((part) => part.split(',').map(Number))
    .map(([x = 0, y = 0]) => [x, y]);
}
