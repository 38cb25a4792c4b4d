/** Builds of a dataset side by side: what an ablation changes, from stored results alone. Effects on training are not shown here. */
import type { DatasetRequest, DatasetResult } from '../../workflows/dataset/contract.ts';
import type { Blobs } from '../storage/blobs.ts';
import { finalQuerySchema, readLines } from './selection.ts';
import { summariseFinals } from './summarise-finals.ts';

export interface ComparedBuild {
  readonly name: string;
  /** What is off, in words; "all on" for none. */
  readonly ablation: string;
  readonly rows: number;
  readonly dropped: number;
  /** Apart from layout, comments and chosen names. */
  readonly uniquePrograms: number;
  /** Of the rows' programs on their own queries, 0 to 1, by the executions that chose or accepted them; null without a row. */
  readonly meanScore: number | null;
  /** Tokens and money of one execution of a row's program, mean over the rows, at recorded cost. */
  readonly tokensInPerRow: number | null;
  readonly tokensOutPerRow: number | null;
  readonly costUsdPerQuery: number | null;
  readonly tried: number;
  readonly accepted: number;
  /** Share of queries whose adaptation was accepted; null when none was tried. */
  readonly acceptance: number | null;
  readonly meanSimilarity: number | null;
  /** Queries for which a control caught a program. */
  readonly caught: { readonly constantDriver: number; readonly similarQuery: number };
  readonly leaked: number;
  readonly simulated: boolean;
}

/** Results of earlier releases name no finals: their figures of rows are null or 0. */
export async function compareBuild(
  blobs: Blobs,
  build: { readonly name: string; readonly input: DatasetRequest; readonly result: DatasetResult },
): Promise<ComparedBuild> {
  const { name, input, result } = build;
  const { rows, dropped, refinement, simulated, finals = [] } = result;
  const lines = await Promise.all(finals.map((sha256) => readLines(blobs, sha256, finalQuerySchema)));
  const summary = summariseFinals(lines.flat());
  const { tried, accepted } = refinement;
  return {
    ...{ name, ablation: ablationOf(input.switches), rows, dropped, tried, accepted, simulated },
    uniquePrograms: summary.uniquePrograms,
    meanScore: summary.meanScore,
    tokensInPerRow: summary.perRow?.tokensIn ?? null,
    tokensOutPerRow: summary.perRow?.tokensOut ?? null,
    costUsdPerQuery: summary.perRow?.costUsd ?? null,
    acceptance: tried === 0 ? null : accepted / tried,
    meanSimilarity: summary.meanSimilarity,
    caught: {
      constantDriver: summary.caught.constantDriver.length,
      similarQuery: summary.caught.similarQuery.length,
    },
    leaked: summary.refused.leaked ?? 0,
  };
}

export function ablationOf(switches: DatasetRequest['switches'] = {}): string {
  const { interConsistency, adaptation, reasoning, withoutInterConsistency = 'random' } = switches;
  const off = [
    ...(interConsistency === false ? [`inter-consistency (${withoutInterConsistency} solver)`] : []),
    ...(adaptation === false ? ['adaptation'] : []),
    ...(reasoning === false ? ['reasoning'] : []),
  ];
  return off.length === 0 ? 'all on' : `without ${off.join(', ')}`;
}
