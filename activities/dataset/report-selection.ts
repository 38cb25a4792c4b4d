/** The selection in figures: every group's programs with intervals, why one was chosen, what its score is worth, and the test. */
import type { DatasetInput } from '../../workflows/dataset/contract.ts';
import type { Groups, SelectionSettings } from '../../workflows/dataset/selection-contract.ts';
import type { Estimate, GroupReport, SelectionReport } from '../../workflows/dataset/selection-report.ts';
import { cellCount, type Plan } from '../../workflows/matrix/contract.ts';
import type { Choice, GroupChoice } from './choose-programs.ts';
import { withinOneError } from './choosing/choose-program.ts';
import { createCrossFitter, type CrossFitter } from './choosing/cross-fit.ts';
import { permutationTest } from './choosing/permutation-test.ts';
import { intervalOf, type MeanAndError, rankPrograms } from './choosing/rank-programs.ts';
import { meansOf, type ScoreTable } from './choosing/score-table.ts';
import { programsOf } from './read-score-table.ts';

export interface ReportInput {
  readonly input: Pick<DatasetInput, 'groupBy' | 'seed'>;
  readonly settings: SelectionSettings;
  readonly plan: Plan;
  readonly table: ScoreTable;
  readonly choice: Choice;
  readonly clustered: Groups | undefined;
  /** Queries that go on with no program. */
  readonly dropped: number;
}

export async function reportSelection(given: ReportInput): Promise<SelectionReport> {
  const { input, settings, plan, table, choice, clustered, dropped } = given;
  const { rule, cost, crossFit, permutations } = settings;
  const { seed } = input;
  const ids = programsOf(plan).map(({ id }) => id);
  const means = meansOf(table);
  const fitter =
    crossFit === 'off' ? undefined : createCrossFitter({ table, ids, by: crossFit, rule, cost, seed });
  const groups = choice.choices.map((group) => reportGroup(group, given, means, fitter));
  const { length: programs } = ids;
  return {
    v: 1,
    ...{ programs: ids, groups, dropped, rule, cost, crossFit, groupBy: input.groupBy },
    queries: table.queries,
    repeats: plan.repeats,
    clustering: clustered
      ? { embedder: clustered.embedder, silhouette: clustered.silhouette, tried: clustered.tried }
      : null,
    overall: {
      inSample: overQueries(groups, ({ inSample }) => inSample) ?? 0,
      crossFitted: overQueries(groups, ({ crossFitted }) => crossFitted),
    },
    ...(settings.race ? { race: { ...settings.race, ...sizesOf(plan) } } : {}),
    permutation: permutations === 0 ? null : await testOf(choice, { means, programs, seed, permutations }),
  };
}

function reportGroup(
  { group, members, observed, ranked, chosen, race }: GroupChoice,
  { plan, table, clustered }: ReportInput,
  means: Float64Array,
  fitter: CrossFitter | undefined,
): GroupReport {
  const { programs } = table;
  const close = withinOneError({ ranked, means, members, programs });
  const near = new Set(close.map(({ program }) => program));
  const estimate = (given: MeanAndError): Estimate => estimateOf(given, observed.length);
  const ids = programsOf(plan).map(({ id }) => id);
  const dropped = (race?.dropped ?? []).flatMap(({ program, look, queries }) => {
    const seen = { members: race?.seen.slice(0, queries) ?? [], among: [program] };
    return rankPrograms({ table, means, ids, ...seen }).map((ranks) => ({ ranks, look, queries }));
  });
  const scores = [
    ...ranked.map((ranks) => ({ ranks, ...estimate(ranks), near: near.has(ranks.program) })),
    ...dropped.map(({ ranks, look, queries }) => ({
      ...{ ranks, ...estimateOf(ranks, queries), near: false, dropped: { look, queries } },
    })),
  ]
    .toSorted((a, b) => a.ranks.program - b.ranks.program)
    .map(({ ranks, ...score }) => ({
      ...score,
      solved: countSolved(members.map((query) => means[query * programs + ranks.program] as number)),
      executions: ranks.executions,
      llmCalls: finite(ranks.llmCalls),
      tokens: finite(ranks.tokens),
      costUsd: finite(ranks.costUsd),
    }));
  const exemplar = clustered?.groups.find(({ name }) => name === group)?.exemplar;
  const fitted = fitter?.estimate(group, members, race?.racing) ?? null;
  const first = ranked.find(({ program }) => program === chosen?.program);
  return {
    group,
    ...(exemplar === undefined ? {} : { exemplar }),
    ...{ queries: members.length, observed: observed.length },
    ...{ chosen: chosen?.program ?? null, why: chosen?.why ?? 'none', tied: chosen?.tied ?? 0 },
    inSample: estimate(first ?? { mean: 0, standardError: null }),
    crossFitted: fitted && estimate(fitted),
    scores,
  };
}

/** A race leaves cells out where it likes: its test rests on the queries that all programs were executed on before it could. */
async function testOf(
  { choices }: Choice,
  options: Omit<Parameters<typeof permutationTest>[0], 'groups'>,
): Promise<SelectionReport['permutation']> {
  const groups = choices.map(({ members, race }) => race?.first ?? members);
  const test = await permutationTest({ ...options, groups });
  if (test === null || choices.every(({ race }) => race === undefined)) return test;
  return { ...test, queries: groups.reduce((sum, { length }) => sum + length, 0) };
}

function sizesOf(plan: Plan): { readonly cells: number; readonly of: number } {
  const { blocks: _blocks, ...full } = plan;
  return { cells: cellCount(plan), of: cellCount(full) };
}

/** Of the mean scores of queries, those that were executed. */
function countSolved(means: readonly number[]) {
  const executed = means.filter((mean) => !Number.isNaN(mean));
  const [always, never] = [1, 0].map((score) => executed.filter((mean) => mean === score).length) as [
    number,
    number,
  ];
  return { always, partly: executed.length - always - never, never };
}

function estimateOf({ mean, standardError }: MeanAndError, queries: number): Estimate {
  const { low, high } = intervalOf({ mean, standardError }, queries);
  return { mean, standardError, low, high };
}

/** Each query counts once; null when a group has no such estimate. */
function overQueries(
  groups: readonly GroupReport[],
  of: (group: GroupReport) => Estimate | null,
): number | null {
  let sum = 0;
  let count = 0;
  for (const group of groups.filter(({ observed }) => observed > 0)) {
    const estimate = of(group);
    if (estimate === null) return null;
    sum += estimate.mean * group.observed;
    count += group.observed;
  }
  return count === 0 ? null : sum / count;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
