/** A running answer as a few lines of text: its program as a tree, each agent with state, calls, tokens, time. */
import type { AgentRow, AgentsView, OutlineRow } from '../../workflows/shared/agents-view.ts';
import { terminalLine } from '../../workflows/shared/encode/terminal.ts';
import type { Progress } from '../../workflows/shared/progress.ts';
import { clip, displayWidth, pad } from './display-width.ts';
import { compact, duration } from '../../workflows/shared/progress-words.ts';

export interface TreeOptions {
  readonly label: string;
  /** Of the terminal. */
  readonly columns: number;
  readonly rows: number;
  readonly elapsedMs: number;
  readonly colour: boolean;
}

type Paint = (style: keyof typeof styles, text: string) => string;

const styles = { running: 36, done: 32, failed: 31, quiet: 2, strong: 1, group: 33 } as const;

export function drawAgents(progress: Progress, options: TreeOptions): string[] {
  const paint: Paint = (style, text) => (options.colour ? `\u001b[${styles[style]}m${text}\u001b[0m` : text);
  const width = Math.max(20, options.columns - 1);
  const head = headOf(progress, options, width, paint);
  if (!progress.agents) return [head];
  const lines = treeOf(progress.agents);
  const named = lines.filter(({ isGroup }) => !isGroup);
  const names = Math.max(20, ...named.map(({ tree, name }) => displayWidth(`${tree}  ${name}`)));
  const column = Math.min(names, Math.max(16, width - figuresWidth));
  const drawn = lines.map((line) => drawLine(line, column, width, paint));
  const room = Math.max(1, options.rows - 3);
  if (drawn.length <= room) return [head, ...drawn];
  return [
    head,
    ...drawn.slice(0, room - 1),
    paint('quiet', clip(`… ${drawn.length - room + 1} more`, width)),
  ];
}

/** " 12/16 calls   123.4k tokens   123.4 s" */
const figuresWidth = 42;

interface Line {
  readonly tree: string;
  readonly name: string;
  /** Null for a loop or an ensemble. */
  readonly row: AgentRow | null;
  readonly isGroup: boolean;
}

/** The outline with its figures; agents that are not in it come last. */
function treeOf({ outline, rows }: AgentsView): Line[] {
  const known = new Set(outline.map(({ name }) => name));
  const others = Object.keys(rows)
    .filter((name) => !known.has(name))
    .map((name): OutlineRow => ({ depth: 0, kind: 'agent', name }));
  const all = [...outline, ...others];
  return all.map(({ depth, kind, name }, index) => {
    const isGroup = kind === 'loop' || kind === 'ensemble';
    const title = isGroup ? `${kind}: ${name}` : name;
    return {
      tree: branchOf(all, index, depth),
      name: terminalLine(title),
      row: isGroup ? null : (rows[name] ?? null),
      isGroup,
    };
  });
}

function branchOf(rows: readonly OutlineRow[], index: number, depth: number): string {
  const goesOn = (level: number): boolean => {
    for (const row of rows.slice(index + 1)) {
      if (row.depth === level) return true;
      if (row.depth < level) return false;
    }
    return false;
  };
  let tree = '';
  for (let level = 0; level < depth; level += 1) tree += goesOn(level) ? '│  ' : '   ';
  return `${tree}${goesOn(depth) ? '├─ ' : '└─ '}`;
}

function drawLine({ tree, name, row, isGroup }: Line, column: number, width: number, paint: Paint): string {
  const room = Math.max(4, column - displayWidth(tree) - 2);
  if (isGroup) return paint('quiet', tree) + paint('group', clip(name, width - displayWidth(tree)));
  const state = stateOf(row);
  const sign = { waiting: '·', running: '▶', done: '✔', failed: '✖' }[state];
  const title = pad(clip(name, room), room);
  const style = state === 'waiting' ? 'quiet' : state;
  const shown = `${paint('quiet', tree)}${paint(style, sign)} ${state === 'waiting' ? paint('quiet', title) : title}`;
  const figures = row ? clip(figuresOf(row), Math.max(0, width - column)) : '';
  return (shown + paint('quiet', figures)).trimEnd();
}

function stateOf(row: AgentRow | null): 'waiting' | 'running' | 'done' | 'failed' {
  if (row === null || row.calls === 0) return 'waiting';
  if (row.open > 0) return 'running';
  return (row.failed ?? 0) > 0 ? 'failed' : 'done';
}

function figuresOf({ calls, open, tokensIn, tokensOut, ms = 0, tool }: AgentRow): string {
  const count = open > 0 ? `${calls - open}/${calls}` : String(calls);
  const noun = tool ? 'run' : 'call';
  const tokens = tokensIn + tokensOut;
  return [
    `${count} ${calls === 1 ? noun : `${noun}s`}`.padStart(13),
    (tokens > 0 ? `${compact(tokens)} tokens` : '').padStart(15),
    (calls > open ? `${(ms / 1_000).toFixed(1)} s` : '').padStart(10),
  ].join('');
}

function headOf(progress: Progress, options: TreeOptions, width: number, paint: Paint): string {
  const { state, stage, usage, simulated } = progress;
  const parts = [stage === 'done' ? state : stage || state, duration(options.elapsedMs / 1_000)];
  if (usage) {
    parts.push(`${usage.llmCalls} ${usage.llmCalls === 1 ? 'call' : 'calls'}`);
    parts.push(`${compact(usage.tokensIn + usage.tokensOut)} tokens`);
    parts.push(`$${usage.costUsd.toFixed(4)}${simulated ? ' (simulated)' : ''}`);
  }
  const label = clip(terminalLine(options.label), width);
  const rest = clip(terminalLine(`: ${parts.join(', ')}`), width - displayWidth(label));
  return paint('strong', label) + rest;
}
