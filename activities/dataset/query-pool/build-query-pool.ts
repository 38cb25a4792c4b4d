/**
 * Queries of several sources become one pool: conflicts, exact and near-duplicates and what stands in evaluation sets go, then the
 * sample is drawn. Pure, and blind to the order of its inputs: the same queries give the same pool and the same findings.
 */
import type { Query } from '../../../workflows/shared/query.ts';
import { canonicalJson } from '../../storage/canonical-json.ts';
import { comparableOf } from './comparable.ts';
import { findContamination } from './contamination.ts';
import { type ComparedQuery, findExactDuplicates } from './exact-duplicates.ts';
import { goldKeyOf } from './gold-key.ts';
import { findNearDuplicates } from './near-duplicates.ts';
import { type Fate, maxListedPairs, type PoolReport } from './pool-report.ts';
import { sampleQueries, type SampleSizes } from './sample.ts';

export interface PoolOptions {
  readonly seed: number;
  readonly sample: SampleSizes;
  /** Jaccard similarity from which on two texts are near-duplicates. */
  readonly nearJaccard: number;
  readonly maskNumbers: boolean;
  /** Held out whole; the pool is also cleared of what stands in it. */
  readonly leaveOut: string | undefined;
}

export interface EvaluationSet {
  readonly name: string;
  readonly queries: readonly Query[];
}

export type Findings = Pick<
  PoolReport,
  'counts' | 'conflicts' | 'duplicates' | 'nearDuplicates' | 'contaminated' | 'short'
>;

export interface BuiltPool {
  /** In the order of their ids. */
  readonly queries: readonly Query[];
  readonly heldOut: readonly Query[];
  /** Those that the findings name and that are not in the pool. */
  readonly others: readonly Query[];
  readonly findings: Findings;
}

export function buildQueryPool(
  given: readonly Query[],
  evaluationSets: readonly EvaluationSet[],
  options: PoolOptions,
): BuiltPool {
  const all = inOrder(given);
  const heldOut = all.filter(({ source }) => source === options.leaveOut);
  const own = all.filter(({ source }) => source !== options.leaveOut);
  const sets =
    heldOut.length > 0 ? [...evaluationSets, { name: 'held-out', queries: heldOut }] : evaluationSets;

  const exact = findExactDuplicates(own.map(withContent));
  const near = findNear(exact.kept, options.nearJaccard);
  const clean = findClean(near.kept, sets, options.maskNumbers);
  const { kept, short } = sampleQueries(clean.kept, options.sample, options.seed);

  const fates = new Map<Query, Fate>(clean.kept.map((query) => [query, 'notSampled']));
  for (const query of kept) fates.set(query, 'kept');
  for (const query of exact.conflicts.flat()) fates.set(query, 'conflict');
  for (const { query } of exact.duplicates) fates.set(query, 'duplicate');
  for (const { query } of near.dropped) fates.set(query, 'nearDuplicate');
  for (const { query } of clean.dropped) fates.set(query, 'contaminated');

  const pool = new Set(kept);
  const dropped = [...fates].flatMap(([query, fate]) => (fate === 'notSampled' ? [] : [query]));
  const compared = [...exact.duplicates, ...near.dropped].map(({ of }) => of);
  const named = new Set([...dropped, ...compared, ...clean.evaluations]);
  return {
    queries: kept,
    heldOut,
    others: inOrder([...named].filter((query) => !pool.has(query))),
    findings: {
      counts: countFates(fates),
      conflicts: exact.conflicts.map((group) =>
        group.map(({ id, source, gold }) => ({ id, source, gold: (goldKeyOf(gold) ?? '').slice(0, 200) })),
      ),
      duplicates: exact.duplicates.map(({ query: { id, source }, of }) => ({ id, source, of: of.id })),
      nearDuplicates: near.dropped.map(({ query, of, jaccard }) => ({
        ...{ id: query.id, source: query.source, of: of.id, jaccard },
        sameGold: sameGold(query, of),
      })),
      contaminated: clean.dropped.map(({ query: { id, source }, pairs }) => ({
        ...{ id, source, pairs: pairs.length },
        listed: pairs.slice(0, maxListedPairs),
      })),
      short: [...short],
    },
  };
}

/** A query that two files share has one id and may differ in its split only. */
function inOrder(queries: readonly Query[]): Query[] {
  const keyed = queries.map((query) => ({ query, key: `${query.id}${canonicalJson(query)}` }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ query }) => query);
}

function withContent(query: Query): ComparedQuery {
  return { query, content: comparableOf(query) };
}

function findNear(queries: readonly ComparedQuery[], threshold: number) {
  const words = queries.map(({ content }) => content.words);
  const found = findNearDuplicates(words, threshold);
  const isDropped = new Set(found.map(({ index }) => index));
  const at = (index: number): Query => (queries[index] as ComparedQuery).query;
  return {
    kept: queries.filter((_, index) => !isDropped.has(index)),
    dropped: found.map(({ index, of, jaccard }) => ({
      query: at(index),
      of: at(of),
      jaccard: rounded(jaccard),
    })),
  };
}

type Pair = PoolReport['contaminated'][number]['listed'][number];

function findClean(queries: readonly ComparedQuery[], sets: readonly EvaluationSet[], maskNumbers: boolean) {
  const contents = queries.map(({ content }) => content);
  const pairs = new Map<number, Pair[]>();
  const evaluations = new Set<Query>();
  for (const { name, queries: members } of sets.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const others = inOrder(members);
    for (const { pool, evaluation, rule, overlap } of findContamination(contents, others.map(comparableOf), {
      maskNumbers,
    })) {
      const query = others[evaluation] as Query;
      const own = pairs.get(pool) ?? [];
      pairs.set(pool, own);
      own.push({ set: name, id: query.id, rule, overlap: rounded(overlap) });
      if (own.length <= maxListedPairs) evaluations.add(query);
    }
  }
  return {
    kept: queries.filter((_, index) => !pairs.has(index)).map(({ query }) => query),
    dropped: [...pairs]
      .toSorted(([a], [b]) => a - b)
      .map(([index, found]) => ({ query: (queries[index] as ComparedQuery).query, pairs: found })),
    evaluations,
  };
}

function sameGold(a: Query, b: Query): boolean | null {
  const [one, other] = [goldKeyOf(a.gold), goldKeyOf(b.gold)];
  return one === undefined || other === undefined ? null : one === other;
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}

function countFates(fateOf: ReadonlyMap<Query, Fate>): Findings['counts'] {
  const rows = new Map<string, Findings['counts'][number]>();
  for (const [{ source, subject, split, licence }, fate] of fateOf) {
    const key = JSON.stringify([source, subject, split, licence]);
    const row = rows.get(key) ?? {
      ...{ source, subject, split, licence },
      fates: { kept: 0, conflict: 0, duplicate: 0, nearDuplicate: 0, contaminated: 0, notSampled: 0 },
    };
    rows.set(key, row);
    row.fates[fate] += 1;
  }
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
