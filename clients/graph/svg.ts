/** A program's graph as one SVG file: no script, no link, no font of its own; light and dark by the reader's setting. */
import { groupLabel } from '../../activities/mas/outline.ts';
import type { GraphEdge, GraphNode, ProgramGraph } from '../../activities/sandbox/program-graph.ts';
import { html } from '../../workflows/shared/encode/html.ts';
import { clip } from '../cli/display-width.ts';
import { drawnEdges } from './drawn-edges.ts';
import { badgeOf, costLabel, countLabel, roleOf, singleGroups } from './labels.ts';
import { type Layout, layOut } from './layout.ts';
import type { NodeUse } from './node-use.ts';
import { svgStyle } from './svg-style.ts';

export interface SvgOptions {
  readonly title: string;
  readonly uses: ReadonlyMap<string, NodeUse>;
}

const margin = 24;
const headHeight = 34;
const nodeWidth = 264;
/** How far the cards behind a card stand out. */
const stack = 6;
/** Characters that fit a card in a wide font. */
const fits = { name: 26, role: 31, count: 31 } as const;

export async function toSvg(graph: ProgramGraph, { title, uses }: SvgOptions): Promise<string> {
  const single = singleGroups(graph);
  const boxed = graph.groups.filter(({ id }) => !single.has(id));
  const boxOf = (id: string | null): string | null =>
    id === null ? null : (single.get(id)?.parent ?? (single.has(id) ? null : id));
  const { edges, leftOut } = drawnEdges(graph);
  const cards = new Map(graph.nodes.map((node) => [node.id, cardOf(node, single, uses)]));
  const layout = await layOut(
    [
      { id: 'in', ...terminalSize(graph.query), box: null },
      ...graph.nodes.map((node) => ({
        id: node.id,
        width: nodeWidth + (cards.get(node.id)?.stacked ? stack : 0),
        height: (cards.get(node.id)?.height ?? 0) + (cards.get(node.id)?.stacked ? stack : 0),
        box: boxOf(node.group),
      })),
      { id: 'out', ...terminalSize('answer'), box: null },
    ],
    boxed.map((group) => ({
      id: group.id,
      parent: boxOf(group.parent),
      labelWidth: 7 * boxLabel(group).length,
    })),
    edges,
  );
  const notes = notesOf(graph, leftOut);
  const footHeight = 30 + 18 * notes.length;
  const legend = legendOf(graph, edges);
  const width = Math.max(layout.width, sum(legend.map(legendWidth))) + 2 * margin;
  const height = layout.height + 2 * margin + headHeight + footHeight;
  const shift = (width - layout.width) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${html(describe(graph, title))}" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}">`,
    `<style>${svgStyle}</style>`,
    arrowheads,
    `<rect class="paper" width="100%" height="100%"/>`,
    `<text class="title" x="${margin}" y="32">${html(clip(title, Math.floor((width - 2 * margin) / 9)))}</text>`,
    `<g transform="translate(${round(shift)} ${headHeight + margin})">`,
    ...boxed.map((group) => drawBox(group.kind, boxLabel(group), layout.places.get(group.id))),
    ...edges.map((edge, index) => drawEdge(edge, layout.curves[index] ?? [])),
    drawTerminal(graph.query, layout.places.get('in')),
    ...graph.nodes.map((node) => drawNode(node, cards.get(node.id), layout.places.get(node.id))),
    drawTerminal('answer', layout.places.get('out')),
    '</g>',
    ...drawLegend(legend, height - footHeight + 6),
    ...notes.map(
      (note, index) =>
        `<text class="note" x="${margin}" y="${round(height - footHeight + 30 + 18 * index)}">${html(note)}</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

interface Card {
  readonly name: string;
  readonly role: readonly string[];
  readonly count: string;
  readonly cost: string;
  readonly place: string;
  readonly badge: string;
  readonly stacked: boolean;
  readonly height: number;
}

function cardOf(node: GraphNode, single: ReturnType<typeof singleGroups>, uses: SvgOptions['uses']): Card {
  const group = node.group === null ? undefined : single.get(node.group);
  const use = uses.get(node.name);
  const role = wrap(roleOf(node), fits.role, 2);
  const badge = group ? clip(badgeOf(group), 16) : '';
  const temperature = node.temperature === null ? '' : ` · T ${node.temperature}`;
  return {
    name: clip(node.name, fits.name - (badge === '' ? 0 : badge.length + 2)),
    role,
    count: use ? clip(countLabel(use), fits.count) : '',
    cost: use ? costLabel(use) : '',
    place: `line ${node.line}${temperature}`,
    badge,
    stacked: group?.kind === 'ensemble',
    height: 30 + 17 * role.length + 18 + (use ? 18 : 0),
  };
}

type Place = NonNullable<ReturnType<Layout['places']['get']>>;

function drawNode(node: GraphNode, card: Card | undefined, place: Place | undefined): string {
  if (!card || !place) return '';
  const { x, y } = place;
  const rect = (offset: number, kind: string): string =>
    `<rect class="${kind}" x="${round(x + offset)}" y="${round(y + offset)}" width="${nodeWidth}" height="${card.height}" rx="8"/>`;
  const kind = `card ${node.kind}${node.optional ? ' optional' : ''}`;
  let line = y + 21;
  const text = (style: string, words: string, step: number): string => {
    const drawn = `<text class="${style}" x="${round(x + 14)}" y="${round(line)}">${html(words)}</text>`;
    line += step;
    return drawn;
  };
  const right = (style: string, words: string, at: number): string =>
    `<text class="${style}" text-anchor="end" x="${round(x + nodeWidth - 12)}" y="${round(at)}">${html(words)}</text>`;
  return [
    '<g>',
    `<title>${html(titleOf(node))}</title>`,
    ...(card.stacked ? [rect(stack, 'card'), rect(stack / 2, 'card')] : []),
    rect(0, kind),
    `<rect class="edge ${node.kind}" x="${round(x)}" y="${round(y + 8)}" width="4" height="${card.height - 16}" rx="2"/>`,
    text('name', card.name, 18),
    ...card.role.map((words) => text('role', words, 17)),
    ...(card.count === '' ? [] : [text('use', card.count, 18)]),
    ...(card.cost === '' ? [] : [right('use', card.cost, line)]),
    text('place', card.place, 18),
    ...(card.badge === '' ? [] : [right('badge', card.badge, y + 21)]),
    '</g>',
  ].join('');
}

function titleOf(node: GraphNode): string {
  return [node.name, ...node.prompts].join('\n\n').slice(0, 1_000);
}

function drawBox(kind: string, label: string, place: Place | undefined): string {
  if (!place) return '';
  const { x, y, width, height } = place;
  return (
    `<rect class="box ${kind}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="12"/>` +
    `<text class="boxlabel ${kind}" x="${round(x + 14)}" y="${round(y + 21)}">${html(label)}</text>`
  );
}

function boxLabel(group: Parameters<typeof groupLabel>[0]): string {
  return clip(`${group.kind === 'loop' ? '↻ loop' : '× ensemble'}: ${groupLabel(group)}`, 60);
}

function drawTerminal(words: string, place: Place | undefined): string {
  if (!place) return '';
  const { x, y, width, height } = place;
  return (
    `<rect class="terminal" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${round(height / 2)}"/>` +
    `<text class="ends" text-anchor="middle" x="${round(x + width / 2)}" y="${round(y + height / 2 + 5)}">${html(clip(words, 24))}</text>`
  );
}

function terminalSize(words: string): { readonly width: number; readonly height: number } {
  return { width: Math.max(90, 36 + 8 * Math.min(24, words.length)), height: 32 };
}

function drawEdge(
  { kind, back }: { readonly kind: string; readonly back: boolean },
  points: Layout['curves'][number],
): string {
  const [start, ...rest] = points.map(([x, y]) => `${round(x)} ${round(y)}`);
  if (start === undefined) return '';
  const style = back ? 'back' : kind;
  return `<path class="flow ${style}" d="M${start}C${rest.join(' ')}" marker-end="url(#${style})"/>`;
}

const arrowheads = `<defs>${['data', 'choice', 'back']
  .map(
    (kind) =>
      `<marker id="${kind}" class="head ${kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.8L10 5L0 9.2z"/></marker>`,
  )
  .join('')}</defs>`;

interface LegendEntry {
  readonly kind: string;
  readonly words: string;
}

function legendOf(graph: ProgramGraph, edges: readonly GraphEdge[]): LegendEntry[] {
  const entries = [{ kind: 'data', words: 'flows into the prompt' }];
  if (edges.some(({ kind }) => kind === 'choice')) entries.push({ kind: 'choice', words: 'decides' });
  if (edges.some(({ back }) => back)) entries.push({ kind: 'back', words: 'into the next round' });
  if (graph.nodes.some(({ optional }) => optional)) {
    entries.push({ kind: 'optional', words: 'only in some runs' });
  }
  return entries;
}

function legendWidth({ words }: LegendEntry): number {
  return 50 + Math.ceil(6.9 * words.length);
}

function drawLegend(entries: readonly LegendEntry[], y: number): string[] {
  let x = margin;
  return entries.map((entry) => {
    const { kind, words } = entry;
    const sign =
      kind === 'optional'
        ? `<rect class="card optional" x="${x}" y="${round(y - 11)}" width="26" height="14" rx="4"/>`
        : `<path class="flow ${kind}" d="M${x} ${round(y - 4)}h26" marker-end="url(#${kind})"/>`;
    const drawn = `${sign}<text class="note" x="${x + 34}" y="${round(y)}">${words}</text>`;
    x += legendWidth(entry);
    return drawn;
  });
}

function notesOf({ unresolved }: ProgramGraph, leftOut: number): string[] {
  const notes = leftOut === 0 ? [] : [`Left out: ${leftOut} flows that a longer way implies.`];
  if (unresolved.length === 0) return notes;
  const lines = [...new Set(unresolved.map(({ line }) => line))].slice(0, 12).join(', ');
  return [...notes, `Not everything could be read: see lines ${lines}.`];
}

function describe({ nodes, groups }: ProgramGraph, title: string): string {
  const agents = nodes.filter(({ kind }) => kind === 'agent').map(({ name }) => name);
  return `${title}: ${agents.length} agents (${agents.join(', ')}), ${nodes.length - agents.length} tools, ${groups.length} loops and ensembles`;
}

/** At most so many lines; the last one is clipped. */
function wrap(text: string, characters: number, lines: number): string[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const found: string[] = [];
  while (words.length > 0 && found.length < lines - 1) {
    let line = words.shift() ?? '';
    while (words.length > 0 && `${line} ${words[0]}`.length <= characters) line += ` ${words.shift()}`;
    found.push(clip(line, characters));
  }
  if (words.length > 0) found.push(clip(words.join(' '), characters));
  return found;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
