/**
 * From scored executions to what a report states: one row per system, benchmark and driver with its interval, paired tests
 * of every two systems on the items they share, and the front of accuracy against cost. Failures stay in the denominator.
 */
import type { ScoreRow } from '../../../workflows/evaluation/contract.ts';
import type { Comparison, Front } from '../../../workflows/evaluation/report-data.ts';
import { accuracyInterval } from './accuracy-interval.ts';
import { mean } from './bootstrap.ts';
import { mcnemarExact } from './mcnemar.ts';
import { paretoFront } from './pareto.ts';

/** One execution and its score; `failed` ones score 0. */
export interface ScoredExecution {
  readonly system: string;
  readonly benchmark: string;
  readonly driver: string;
  readonly queryId: string;
  readonly score: number;
  readonly failed: boolean;
  readonly llmCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
}

export interface Summary {
  readonly rows: readonly ScoreRow[];
  readonly comparisons: readonly Comparison[];
  readonly fronts: readonly Front[];
}

export function summarise(executions: readonly ScoredExecution[], seed: number): Summary {
  const settings = groupBy(executions, (execution) =>
    JSON.stringify([execution.benchmark, execution.driver]),
  );
  const parts = [...settings.values()].map((group) => summariseSetting(group, seed));
  return {
    rows: parts.flatMap((part) => part.rows),
    comparisons: parts.flatMap((part) => part.comparisons),
    fronts: parts.map((part) => part.front),
  };
}

/** One benchmark with one driver. */
function summariseSetting(
  executions: readonly ScoredExecution[],
  seed: number,
): { rows: ScoreRow[]; comparisons: Comparison[]; front: Front } {
  const systems = [...groupBy(executions, (execution) => execution.system)];
  const scored = systems.map(([system, own]) => ({ system, own, items: itemsOf(own) }));
  const rows = scored.map(({ own, items }) => scoreRow(own, items, seed));
  const { benchmark = '', driver = '' } = executions[0] ?? {};
  const comparisons = scored.flatMap((a, index) =>
    scored
      .slice(index + 1)
      .map((b) => ({ benchmark, driver, a: a.system, b: b.system, ...compare(a.items, b.items) })),
  );
  const points = rows.map((row) => ({ system: row.system, cost: costOf(row, rows), value: row.accuracy }));
  return {
    rows,
    comparisons,
    front: { benchmark, driver, systems: paretoFront(points).map((point) => point.system) },
  };
}

/** Scores of each item's repeats, by query. */
type Items = ReadonlyMap<string, readonly number[]>;

function itemsOf(executions: readonly ScoredExecution[]): Items {
  const byQuery = groupBy(executions, (execution) => execution.queryId);
  return new Map([...byQuery].map(([query, own]) => [query, own.map((execution) => execution.score)]));
}

function scoreRow(executions: readonly ScoredExecution[], items: Items, seed: number): ScoreRow {
  const first = executions[0];
  const sum = (of: (execution: ScoredExecution) => number): number =>
    executions.reduce((total, execution) => total + of(execution), 0);
  const correct = [...items.values()].reduce((total, scores) => total + mean(scores), 0);
  return {
    system: first?.system ?? '',
    benchmark: first?.benchmark ?? '',
    driver: first?.driver ?? '',
    n: items.size,
    correct,
    failed: executions.filter((execution) => execution.failed).length,
    accuracy: items.size === 0 ? 0 : correct / items.size,
    ...accuracyInterval([...items.values()], seed),
    llmCalls: sum((execution) => execution.llmCalls),
    tokensIn: sum((execution) => execution.tokensIn),
    tokensOut: sum((execution) => execution.tokensOut),
    // Sums in another order differ in the last digit; the same executions must give the same figure.
    costUsd: Number(sum((execution) => execution.costUsd).toFixed(9)),
  };
}

/** Money where any is charged, else tokens. */
function costOf(row: ScoreRow, rows: readonly ScoreRow[]): number {
  return rows.some((other) => other.costUsd > 0) ? row.costUsd : row.tokensIn + row.tokensOut;
}

/** On the items that both have; with repeats an item counts as solved when most of its repeats are. */
function compare(a: Items, b: Items): { onlyA: number; onlyB: number; n: number; pValue: number } {
  const shared = [...a.keys()].filter((query) => b.has(query));
  const solved = (items: Items, query: string): boolean => mean(items.get(query) ?? []) > 0.5;
  const onlyA = shared.filter((query) => solved(a, query) && !solved(b, query)).length;
  const onlyB = shared.filter((query) => !solved(a, query) && solved(b, query)).length;
  return { onlyA, onlyB, n: shared.length, pValue: mcnemarExact(onlyA, onlyB) };
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}
