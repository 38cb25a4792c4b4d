/**
 * The queries of one import by their text: the same text again is a duplicate when its gold agrees, and a conflict when not. Then none
 * of its rows can be trusted, and the first is taken back. Keeps some hundred bytes per query, not the query.
 */
import { createHash } from 'node:crypto';
import type { Gold, Query } from '../../../workflows/shared/query.ts';
import { canonicalJson } from '../../storage/canonical-json.ts';
import { type ImportConflict, maxListedConflicts, type RowPlace } from './import-report.ts';

interface Known {
  readonly id: string;
  readonly goldKey: string;
  readonly row: ImportConflict['rows'][number];
  conflict?: { text: string; rows: ImportConflict['rows'] } | undefined;
}

/** `retract`: the id of the query that was handed on, and its row. */
export type Seen =
  | { readonly status: 'new' }
  | { readonly status: 'duplicate'; readonly of: RowPlace }
  | {
      readonly status: 'conflict';
      readonly with: RowPlace;
      readonly retract?: { readonly id: string; readonly place: RowPlace };
    };

export interface KnownQueries {
  add(query: Query, place: RowPlace): Seen;
  /** The first 200, in the order in which they showed. */
  readonly conflicts: readonly ImportConflict[];
  readonly conflictCount: number;
  readonly conflictRows: number;
}

const maxGold = 120;
const maxText = 200;

export function createKnownQueries(): KnownQueries {
  const known = new Map<string, Known>();
  const conflicts: ImportConflict[] = [];
  const count = { conflicts: 0, rows: 0 };
  return {
    add(query, place) {
      const key = createHash('sha256').update(query.text).digest('base64').slice(0, 22);
      const goldKey = keyOf(query.gold);
      const row = { ...place, gold: JSON.stringify(query.gold).slice(0, maxGold) };
      const first = known.get(key);
      if (!first) {
        known.set(key, { id: query.id, goldKey, row });
        return { status: 'new' };
      }
      const { file, line } = first.row;
      if (!first.conflict && first.goldKey === goldKey) return { status: 'duplicate', of: { file, line } };
      count.rows += first.conflict ? 1 : 2;
      if (first.conflict) {
        if (first.conflict.rows.length < maxListedConflicts) first.conflict.rows.push(row);
        return { status: 'conflict', with: { file, line } };
      }
      first.conflict = { text: query.text.replace(/\s+/g, ' ').slice(0, maxText), rows: [first.row, row] };
      count.conflicts += 1;
      if (conflicts.length < maxListedConflicts) conflicts.push(first.conflict);
      return {
        status: 'conflict',
        with: { file, line },
        retract: { id: first.id, place: { file, line } },
      };
    },
    conflicts,
    get conflictCount() {
      return count.conflicts;
    },
    get conflictRows() {
      return count.rows;
    },
  };
}

/** A reference solution is no gold, and "1,000" is 1000. */
function keyOf(gold: Gold): string {
  const compared =
    gold.kind === 'code'
      ? { ...gold, reference: undefined }
      : gold.kind === 'number'
        ? { ...gold, value: numberKey(gold.value) }
        : gold;
  return createHash('sha256')
    .update(canonicalJson(JSON.parse(JSON.stringify(compared))))
    .digest('base64')
    .slice(0, 22);
}

function numberKey(value: string): string {
  const number = Number(value.replaceAll(/[,\s$]/g, ''));
  return Number.isSafeInteger(number) ? String(number) : value;
}
