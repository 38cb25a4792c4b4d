/**
 * Splits of the queries without leakage: queries that must not be apart form a unit, and units go whole into one split, in an order
 * that the seed and the unit's queries decide. Shares are met as nearly as whole units allow, never passed.
 */
import { createHash } from 'node:crypto';
import type { ExportOptions, SplitName } from '../../../workflows/dataset/export-contract.ts';
import { clusterOf } from './near-clusters.ts';
import { createUnion } from './union.ts';

export interface SplitQuery {
  readonly id: string;
  readonly text: string;
  /** Of the selection; absent for a query that was not selected. */
  readonly group?: string | undefined;
  /** sha256 of its final program; absent for a query that is no row. */
  readonly program?: string | undefined;
}

export interface Splits {
  /** By position of the query. */
  readonly of: readonly SplitName[];
  /** By position: the position of the first query of its near-duplicate cluster. */
  readonly clusters: readonly number[];
  /** How many units there were to share out. */
  readonly units: number;
}

export function splitQueries(
  queries: readonly SplitQuery[],
  options: ExportOptions['splits'],
  seed: number,
): Splits {
  const clusters = clusterOf(queries.map(({ text }) => text));
  const units = unitsOf(queries, clusters, options.apart);
  const shuffled = units
    .map((members) => ({ members, order: orderOf(members, queries, seed) }))
    .toSorted((a, b) => (a.order < b.order ? -1 : 1));
  const of: SplitName[] = queries.map(() => 'train');
  for (const split of ['test', 'validation'] as const) {
    let room = Math.round(options[split] * queries.length);
    for (const { members } of shuffled) {
      if (members.length > room || of[members[0] ?? 0] !== 'train') continue;
      for (const member of members) of[member] = split;
      room -= members.length;
    }
  }
  return { of, clusters, units: units.length };
}

function unitsOf(
  queries: readonly SplitQuery[],
  clusters: readonly number[],
  apart: ExportOptions['splits']['apart'],
): number[][] {
  const union = createUnion(queries.length);
  clusters.forEach((first, position) => union.join(first, position));
  const firstOf = new Map<string, number>();
  for (const [position, query] of queries.entries()) {
    const key = apart === 'cluster' ? undefined : query[apart];
    if (key === undefined) continue;
    const first = firstOf.get(key);
    if (first === undefined) firstOf.set(key, position);
    else union.join(first, position);
  }
  const units = new Map<number, number[]>();
  for (const position of queries.keys()) {
    const unit = units.get(union.first(position));
    if (unit) unit.push(position);
    else units.set(union.first(position), [position]);
  }
  return [...units.values()];
}

/** By the smallest id: a unit keeps its place when queries are added elsewhere. */
function orderOf(members: readonly number[], queries: readonly SplitQuery[], seed: number): string {
  const ids = members.map((member) => queries[member]?.id ?? '').toSorted();
  return createHash('sha256')
    .update(`split/${seed}/${ids[0] ?? ''}`)
    .digest('hex');
}
