/** What the rows of a dataset are like, from its final queries: figures for the card, the comparison of ablations and reports. */
import type { Control, Refusal } from '../../workflows/dataset/refinement.ts';
import type { FinalQuery } from './selection.ts';

export interface FinalsSummary {
  /** Queries that have a final program. */
  readonly rows: number;
  readonly adapted: number;
  /** Programs that differ in more than layout, comments and the names they chose (fingerprint.py). */
  readonly uniquePrograms: number;
  /** Of the rows' programs on their own queries, 0 to 1; null without a row. */
  readonly meanScore: number | null;
  /** Of adapted programs to their bases (similarity.ts); null without one. */
  readonly meanSimilarity: number | null;
  /** Of one execution of a row's program, mean over the rows, at recorded cost; null where none is known. */
  readonly perRow: { llmCalls: number; tokensIn: number; tokensOut: number; costUsd: number } | null;
  /** Refused tries by reason. */
  readonly refused: Readonly<Partial<Record<Refusal, number>>>;
  /** Ids of the queries for which a control caught a program, in order. */
  readonly caught: Readonly<Record<Control, readonly string[]>>;
}

export function summariseFinals(finals: readonly FinalQuery[]): FinalsSummary {
  const rows = finals.flatMap(({ final }) => (final ? [final] : []));
  const costs = rows.flatMap(({ perExecution }) => (perExecution ? [perExecution] : []));
  const refused: Partial<Record<Refusal, number>> = {};
  for (const { why } of finals.flatMap((query) => query.refused ?? []))
    refused[why] = (refused[why] ?? 0) + 1;
  const caught = (control: Control): string[] =>
    finals
      .filter((query) => query.refused?.some(({ why }) => why === control))
      .map(({ queryId, queryIndex }) => queryId ?? String(queryIndex));
  const costOf = (key: keyof (typeof costs)[number]): number => mean(costs.map((cost) => cost[key])) ?? 0;
  return {
    rows: rows.length,
    adapted: rows.filter(({ adapted }) => adapted).length,
    uniquePrograms: new Set(rows.map(({ fingerprint, program }) => fingerprint ?? program.sha256)).size,
    meanScore: mean(rows.map(({ score }) => score)),
    meanSimilarity: mean(
      rows.flatMap(({ similarity }) => (typeof similarity === 'number' ? [similarity] : [])),
    ),
    perRow:
      costs.length === 0
        ? null
        : {
            ...{ llmCalls: costOf('llmCalls'), tokensIn: costOf('tokensIn') },
            ...{ tokensOut: costOf('tokensOut'), costUsd: costOf('costUsd') },
          },
    refused,
    caught: { constantDriver: caught('constantDriver'), similarQuery: caught('similarQuery') },
  };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
