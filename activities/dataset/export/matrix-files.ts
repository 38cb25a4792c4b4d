/** The files that are made of the score matrix: preference pairs, unpaired rows, rewards and the sources of the programs. */
import type { ExportOptions, SplitName } from '../../../workflows/dataset/export-contract.ts';
import type { Query } from '../../../workflows/shared/query.ts';
import { labelledOf, pairsOf } from './contrasts.ts';
import { type MatrixCell, meanScore } from './matrix-cells.ts';
import type { Columns, Row } from './parquet.ts';
import { completionOf, promptOf } from './sample.ts';

/** Sources of pool programs, by sha256. */
export type Sources = ReadonlyMap<string, string>;

interface Given {
  readonly query: Query;
  /** Of the first driver. */
  readonly cells: readonly MatrixCell[];
  readonly options: ExportOptions;
  readonly seed: number;
  readonly sources: Sources;
}

/** `preferences.jsonl`: TRL's conversational preference form, with what the pair rests on. Programs stand without reasoning. */
export function preferenceRows({ query, cells, options, seed, sources }: Given) {
  return pairsOf(cells, options, `${seed}/${query.id}`).map(({ chosen, rejected }) => ({
    prompt: promptOf(query),
    chosen: completionOf(sources.get(chosen.program.sha256) ?? ''),
    rejected: completionOf(sources.get(rejected.program.sha256) ?? ''),
    query_id: query.id,
    chosen_program: chosen.program.id,
    chosen_sha256: chosen.program.sha256,
    rejected_program: rejected.program.id,
    rejected_sha256: rejected.program.sha256,
    chosen_score: meanScore(chosen),
    rejected_score: meanScore(rejected),
    score_gap: meanScore(chosen) - meanScore(rejected),
    chosen_repeats: chosen.scores.length,
    rejected_repeats: rejected.scores.length,
    chosen_cost_usd: chosen.costUsd,
    rejected_cost_usd: rejected.costUsd,
    chosen_tokens: chosen.tokensIn + chosen.tokensOut,
    rejected_tokens: rejected.tokensIn + rejected.tokensOut,
  }));
}

/** `unpaired.jsonl`: prompt, completion and label, as KTO reads them. */
export function unpairedRows({ query, cells, options, seed, sources }: Given) {
  return labelledOf(cells, options, `${seed}/${query.id}`).map(({ cell, label }) => ({
    prompt: promptOf(query),
    completion: completionOf(sources.get(cell.program.sha256) ?? ''),
    label,
    query_id: query.id,
    program: cell.program.id,
    program_sha256: cell.program.sha256,
    score: meanScore(cell),
    repeats: cell.scores.length,
  }));
}

export const rewardColumns = {
  query_id: 'text',
  source: 'text',
  split: 'text',
  program: 'text',
  program_sha256: 'text',
  driver: 'text',
  score: 'number',
  repeats: 'count',
  answered: 'count',
  llm_calls: 'number',
  tokens_in: 'number',
  tokens_out: 'number',
  cost_usd: 'number',
} as const satisfies Columns;

export function rewardRow(cell: MatrixCell, query: Query, split: SplitName): Row<typeof rewardColumns> {
  return {
    query_id: query.id,
    source: query.source,
    split,
    program: cell.program.id,
    program_sha256: cell.program.sha256,
    driver: cell.driver,
    score: meanScore(cell),
    repeats: cell.scores.length,
    answered: cell.answered,
    llm_calls: cell.llmCalls,
    tokens_in: cell.tokensIn,
    tokens_out: cell.tokensOut,
    cost_usd: cell.costUsd,
  };
}
