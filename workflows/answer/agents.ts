/**
 * What the agents of a running answer have done: the table in Temporal's UI, and the tree that `masgpt ask` draws. Numbers,
 * counts and identifiers of the program only, never a prompt.
 */
import type { AgentRow, AgentsView, OutlineRow } from '../shared/agents-view.ts';
import { cell } from '../shared/encode/markdown.ts';
import { addUsd, noUsage, type Usage } from '../shared/usage.ts';
import type { CallDone, CallRef } from './contract.ts';

/** By "STEP/NAME": each program of the ladder has agents of its own. */
export type AgentRows = Record<string, AgentRow>;

export interface Agents {
  /** A step of the ladder begins, or goes on after continue-as-new. */
  begin(step: string): void;
  /** What the program of this step is made of; told once. */
  outline(rows: readonly OutlineRow[]): void;
  readonly isOutlined: boolean;
  start(ref: CallRef): void;
  /** `unwaited`: the program ended without it, or before its end was told. */
  end(ref: CallRef, outcome: CallDone | 'failed' | 'unwaited'): void;
  done(): number;
  usage(): Usage;
  view(): AgentsView;
  markdown(): string;
  readonly rows: Readonly<AgentRows>;
}

const maxRows = 24;

/** `rows` are carried over continue-as-new. */
export function createAgents(rows: AgentRows = {}): Agents {
  let step = '';
  let outline: readonly OutlineRow[] | null = null;
  const startedAtMs = new Map<number, number>();
  const keyOf = (ref: CallRef): string => `${step}/${nameOf(ref)}`;
  const all = (): AgentRow[] => Object.values(rows);
  return {
    rows,
    begin(next) {
      if (next !== step) outline = null;
      step = next;
    },
    outline: (told) => void (outline = told),
    get isOutlined() {
      return outline !== null;
    },
    start(ref) {
      const row = (rows[keyOf(ref)] ??= newRow(ref));
      row.calls += 1;
      row.open += 1;
      startedAtMs.set(ref.seq, Date.now());
    },
    end(ref, outcome) {
      const row = rows[keyOf(ref)];
      if (!row) return;
      const done = typeof outcome === 'string' ? null : outcome;
      row.open -= 1;
      row.failed = (row.failed ?? 0) + (outcome === 'failed' ? 1 : 0);
      row.tokensIn += done?.tokensIn ?? 0;
      row.tokensOut += done?.tokensOut ?? 0;
      row.costUsd = addUsd(row.costUsd, done?.costUsd ?? 0);
      row.ms = (row.ms ?? 0) + Date.now() - (startedAtMs.get(ref.seq) ?? Date.now());
      startedAtMs.delete(ref.seq);
    },
    done: () => all().reduce((sum, row) => sum + row.calls - row.open, 0),
    usage: () =>
      Object.entries(rows).reduce<Usage>(
        (sum, [key, row]) => ({
          ...sum,
          llmCalls: sum.llmCalls + (isTool(key, row) ? 0 : row.calls - row.open),
          tokensIn: sum.tokensIn + row.tokensIn,
          tokensOut: sum.tokensOut + row.tokensOut,
          costUsd: addUsd(sum.costUsd, row.costUsd),
        }),
        noUsage,
      ),
    view() {
      const here = Object.entries(rows).filter(([key]) => key.startsWith(`${step}/`));
      const byName = here.map(([key, row]) => [key.slice(step.length + 1), row] as const);
      return { outline: outline ?? [], rows: Object.fromEntries(byName) };
    },
    markdown() {
      const entries = Object.entries(rows);
      const steps = new Set(entries.map(([key]) => key.split('/')[0]));
      const lines = entries.slice(0, maxRows).map(([key, row]) => {
        const [of = '', name = key] = key.split('/');
        const title = cell(steps.size > 1 ? `${name}, ${of}` : name);
        return `| ${title} | ${row.calls} | ${row.tokensIn} in, ${row.tokensOut} out | ${stateOf(row)} |`;
      });
      if (entries.length > maxRows) lines.push(`| and ${entries.length - maxRows} more | | | |`);
      return ['| agent | calls | tokens | state |', '|---|---|---|---|', ...lines].join('\n');
    },
  };
}

/** The node of the program's graph, else a number by the prompt's opening words. */
function nameOf(ref: CallRef): string {
  return ref.name ?? (ref.agent > 0 ? `agent ${ref.agent}` : (ref.method ?? 'code'));
}

function newRow({ method }: CallRef): AgentRow {
  const row = { calls: 0, open: 0, failed: 0, tokensIn: 0, tokensOut: 0, costUsd: 0, ms: 0 };
  return method === undefined ? row : { ...row, tool: true };
}

/** Rows that an earlier release carried over have their method for a name. */
function isTool(key: string, row: AgentRow): boolean {
  return row.tool === true || ['executeCode', 'testCode', 'websearch', 'code'].includes(key);
}

function stateOf({ open, failed = 0 }: AgentRow): string {
  const state = open > 0 ? `${open} running` : 'done';
  return failed > 0 ? `${state}, ${failed} failed` : state;
}
