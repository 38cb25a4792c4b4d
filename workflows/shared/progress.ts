/** What a run shows while it runs: the `progress` query, the details and the memo in Temporal's UI. */
import { defineQuery, setCurrentDetails, setHandler, upsertMemo } from '@temporalio/workflow';
import type { AgentsView } from './agents-view.ts';
import { cell } from './encode/markdown.ts';
import type { Usage } from './usage.ts';

export interface Progress {
  readonly state: string;
  readonly stage: string;
  readonly done: number;
  readonly failed: number;
  /** 0 while unknown. */
  readonly total: number;
  readonly usage?: Usage;
  /** One line on why the run is in this state. */
  readonly cause?: string;
  readonly simulated?: boolean;
  /** Workflow ids of batches in flight: their heartbeats tell what is done beyond `done` (`BatchProgress`). */
  readonly open?: readonly string[];
  /** Of an answer: its agents. */
  readonly agents?: AgentsView;
  /** Markdown below the table: tables and http links only (the UI draws nothing else). */
  readonly details?: string;
}

export const progressQuery = defineQuery<Progress>('progress');

const maxDetailsBytes = 4096;

/** Installs the query; the returned function publishes a new state. Call it when something changed, not in a loop. `rules`: of the run. */
export function createProgress(initial: Progress, rules = 1): (update: Partial<Progress>) => Progress {
  let current = initial;
  // An upsert costs the server as much as a task: what Temporal itself says of a run needs none.
  let memo = rules >= 2 ? 'running|' : '';
  setHandler(progressQuery, () => current);
  const publish = (update: Partial<Progress>): Progress => {
    current = { ...current, ...update };
    setCurrentDetails(markdown(current).slice(0, maxDetailsBytes));
    const nextMemo = `${current.state}|${current.cause ?? ''}`;
    if (nextMemo !== memo) {
      memo = nextMemo;
      upsertMemo({ state: current.state, cause: current.cause ?? '' });
    }
    return current;
  };
  publish({});
  return publish;
}

function markdown(progress: Progress): string {
  const rows: [string, string][] = [
    ['state', progress.state],
    ['stage', progress.stage],
    ['done', progress.total > 0 ? `${progress.done} of ${progress.total}` : String(progress.done)],
    ['failed', String(progress.failed)],
  ];
  if (progress.usage) {
    rows.push(['LLM calls', String(progress.usage.llmCalls)]);
    rows.push(['tokens', `${progress.usage.tokensIn} in, ${progress.usage.tokensOut} out`]);
    rows.push(['cost', `$${progress.usage.costUsd.toFixed(4)}`]);
  }
  if (progress.simulated) rows.push(['models', 'simulated']);
  if (progress.cause) rows.push(['cause', cell(progress.cause)]);
  const table = ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
  return progress.details ? `${table}\n\n${progress.details}` : table;
}
