/** The table that Temporal's UI shows of a running MAS: one row per agent. Numbers and counts only, never a prompt. */
import type { CallDone, CallRef } from './contract.ts';
import { noUsage, type Usage } from '../shared/usage.ts';

export interface AgentRow {
  calls: number;
  open: number;
  tokensIn: number;
  tokensOut: number;
  costUsd: number;
}

export interface Agents {
  start(ref: CallRef): void;
  /** `done` is null for a call that failed or was given up. */
  end(ref: CallRef, done: CallDone | null): void;
  done(): number;
  usage(): Usage;
  markdown(): string;
  readonly rows: Readonly<Record<string, AgentRow>>;
}

const maxRows = 24;

/** `rows` are carried over continue-as-new. */
export function createAgents(rows: Record<string, AgentRow> = {}): Agents {
  const nameOf = (ref: CallRef): string => (ref.agent > 0 ? `agent ${ref.agent}` : (ref.method ?? 'code'));
  const all = (): AgentRow[] => Object.values(rows);
  return {
    rows,
    start(ref) {
      const row = (rows[nameOf(ref)] ??= { calls: 0, open: 0, tokensIn: 0, tokensOut: 0, costUsd: 0 });
      row.calls += 1;
      row.open += 1;
    },
    end(ref, done) {
      const row = rows[nameOf(ref)];
      if (!row) return;
      row.open -= 1;
      row.tokensIn += done?.tokensIn ?? 0;
      row.tokensOut += done?.tokensOut ?? 0;
      row.costUsd += done?.costUsd ?? 0;
    },
    done: () => all().reduce((sum, row) => sum + row.calls - row.open, 0),
    usage: () =>
      Object.entries(rows).reduce<Usage>(
        (sum, [name, row]) => ({
          ...sum,
          llmCalls: sum.llmCalls + (name.startsWith('agent ') ? row.calls - row.open : 0),
          tokensIn: sum.tokensIn + row.tokensIn,
          tokensOut: sum.tokensOut + row.tokensOut,
          costUsd: sum.costUsd + row.costUsd,
        }),
        noUsage,
      ),
    markdown() {
      const entries = Object.entries(rows);
      const lines = entries.slice(0, maxRows).map(([name, row]) => {
        const state = row.open > 0 ? `${row.open} running` : 'done';
        return `| ${name} | ${row.calls} | ${row.tokensIn} in, ${row.tokensOut} out | ${state} |`;
      });
      if (entries.length > maxRows) lines.push(`| and ${entries.length - maxRows} more | | | |`);
      return ['| agent | calls | tokens | state |', '|---|---|---|---|', ...lines].join('\n');
    },
  };
}
