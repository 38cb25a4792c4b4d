/** What a run shows while it runs: the `progress` query, the details and the memo in Temporal's UI. */
import { defineQuery, setCurrentDetails, setHandler, upsertMemo } from '@temporalio/workflow';
import type { AgentsView } from './agents-view.ts';
import { cell, gap } from './encode/markdown.ts';
import { createPace } from './pace.ts';
import { doneWords, duration, failureWords, rateWords, secondsLeft, unknown } from './progress-words.ts';
import type { TrainingView } from '../training/view.ts';
import type { Usage } from './usage.ts';

export interface Progress {
  readonly state: string;
  readonly stage: string;
  readonly done: number;
  /** Of `done`, what was found stored: an earlier start, or another run, did it. */
  readonly found?: number;
  readonly failed: number;
  /** Of `failed`, by kind: a program's failure kind, `infrastructure`, … */
  readonly failureKinds?: Readonly<Record<string, number>>;
  /** 0 while unknown. */
  readonly total: number;
  /** What is counted, in the plural: "cells". */
  readonly unit?: string;
  /** Over the last minutes (pace.ts); absent while it is not known. */
  readonly perSecond?: number | undefined;
  readonly usage?: Usage;
  /** One line on why the run is in this state. */
  readonly cause?: string;
  readonly simulated?: boolean;
  /** Workflow ids of batches in flight: their heartbeats tell what is done beyond `done` (`BatchProgress`). */
  readonly open?: readonly string[];
  /** Of an answer: its agents. */
  readonly agents?: AgentsView;
  /** Of a training: its attempts, checkpoints, losses and what its operators did. */
  readonly training?: TrainingView;
  /** Markdown below the table: tables and http links only (the UI draws nothing else). */
  readonly details?: string;
}

export const progressQuery = defineQuery<Progress>('progress');

/** A stage's beginning. */
export const nothingDone = { done: 0, found: 0, failed: 0, failureKinds: {}, open: [] } as const;

const maxDetailsBytes = 4096;

const ended: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled']);

/** A workflow has one progress. */
let showEnding: ((end: Pick<Progress, 'state' | 'cause'>) => void) | undefined;

/** In the query and the details alone: Temporal itself says how a workflow ended, and a memo would be one more command. */
export function showEnd(state: 'failed' | 'cancelled', cause: string): void {
  showEnding?.({ state, cause });
}

/** Installs the query; the returned function publishes a new state. Call it when something changed, not in a loop. `rules`: of the run. */
export function createProgress(initial: Progress, rules = 1): (update: Partial<Progress>) => Progress {
  let current = initial;
  // An upsert costs the server as much as a task: what Temporal itself says of a run needs none.
  let memo = rules >= 2 ? 'running|' : '';
  const pace = createPace();
  setHandler(progressQuery, () => current);
  const show = (update: Partial<Progress>): void => {
    current = { ...current, ...update };
    // A workflow's clock stands still between its tasks, and is the same in a replay.
    const nowMs = Date.now();
    current = { ...current, perSecond: pace(nowMs, current) };
    setCurrentDetails(markdown(current, nowMs).slice(0, maxDetailsBytes));
  };
  const publish = (update: Partial<Progress>): Progress => {
    show(update);
    const nextMemo = `${current.state}|${current.cause ?? ''}`;
    if (nextMemo !== memo) {
      memo = nextMemo;
      upsertMemo({ state: current.state, cause: current.cause ?? '' });
    }
    return current;
  };
  publish({});
  showEnding = show;
  return publish;
}

function markdown(progress: Progress, nowMs: number): string {
  const { state, stage, done, found = 0, total, unit, usage, perSecond } = progress;
  const rows: [string, string][] = [
    ['state', state],
    ['stage', stage],
    [
      unit ?? 'done',
      `${doneWords({ done, total, unit: '' })}${found > 0 ? `, ${found} of them found stored` : ''}`,
    ],
    ['failed', cell(failureWords(progress).replace(' failed', ''))],
  ];
  if (total > 0 && !ended.has(state)) {
    rows.push(['rate', rateWords(perSecond, unit)]);
    rows.push(['ETA', arrival(secondsLeft(progress, perSecond), nowMs)]);
  }
  if (usage) {
    rows.push(['LLM calls', String(usage.llmCalls)]);
    rows.push(['tokens', `${usage.tokensIn} in, ${usage.tokensOut} out`]);
    rows.push(['cost', `$${usage.costUsd.toFixed(4)}`]);
  }
  if (progress.simulated) rows.push(['models', 'simulated']);
  if (progress.cause) rows.push(['cause', cell(progress.cause)]);
  const table = ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name}${gap} | ${value} |`)].join(
    '\n',
  );
  return progress.details ? `${table}\n\n${progress.details}` : table;
}

/** Details stand until the next report, so they name the time of day. */
function arrival(seconds: number | undefined, nowMs: number): string {
  if (seconds === undefined) return unknown;
  const clock = (atMs: number): string => new Date(atMs).toISOString().slice(11, 16);
  return `${duration(seconds)}, about ${clock(nowMs + 1_000 * seconds)} UTC (as of ${clock(nowMs)})`;
}
