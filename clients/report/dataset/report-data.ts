/** What the report of a dataset shows, and how it is put together from a run's result, its files and its executions. */
import type { DatasetResult } from '../../../workflows/dataset/contract.ts';
import type { GroupReport, SelectionReport } from '../../../workflows/dataset/selection-report.ts';

export interface ProgramOnGroup {
  readonly group: string;
  readonly mean: number;
  readonly queries: number;
  readonly solved: GroupReport['scores'][number]['solved'];
}

export interface ProgramFigures {
  readonly program: string;
  /** Groups whose program it is. */
  readonly chosenBy: number;
  /** Mean score over all queries, 0 to 1. */
  readonly mean: number;
  /** By group that was executed. */
  readonly groups: readonly ProgramOnGroup[];
  readonly executions: number;
  /** Per execution. */
  readonly llmCalls: number;
  readonly tokens: number;
  readonly costUsd: number;
}

export interface Failures {
  readonly program: string;
  readonly kind: string;
  readonly count: number;
}

export interface DatasetReport {
  readonly result: DatasetResult;
  readonly selection: SelectionReport;
  /** The best first. */
  readonly programs: readonly ProgramFigures[];
  /** Of executions that this run made; the most frequent first. */
  readonly failures: readonly Failures[];
  /** Characters of the rows' parts, all splits. */
  readonly lengths: Readonly<Record<'query' | 'reasoning' | 'program', readonly number[]>>;
}

export function programFigures({ programs, groups }: SelectionReport): ProgramFigures[] {
  const figures = programs.map((program, index): ProgramFigures => {
    const own = groups.flatMap(({ group, observed, scores }) => {
      const score = scores[index];
      return score && score.executions > 0 ? [{ ...score, group, queries: observed }] : [];
    });
    const executions = sumOf(own, (score) => score.executions);
    const queries = sumOf(own, (score) => score.queries);
    const each = (of: (score: (typeof own)[number]) => number | null): number =>
      executions === 0 ? 0 : sumOf(own, (score) => (of(score) ?? 0) * score.executions) / executions;
    return {
      program,
      chosenBy: groups.filter(({ chosen }) => chosen === index).length,
      mean: queries === 0 ? 0 : sumOf(own, (score) => score.mean * score.queries) / queries,
      groups: own.map(({ group, mean, queries: count, solved }) => ({ group, mean, queries: count, solved })),
      executions,
      llmCalls: each((score) => score.llmCalls),
      tokens: each((score) => score.tokens),
      costUsd: each((score) => score.costUsd),
    };
  });
  return figures.toSorted((a, b) => b.mean - a.mean || (a.program < b.program ? -1 : 1));
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
