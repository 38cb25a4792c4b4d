/** Queries that a test makes of a text. */
import { createQuery } from '../../activities/benchmarks/query-id.ts';
import type { Gold, Query } from '../../workflows/shared/query.ts';

export function plainQuery(text: string, gold: string | Gold = '1', fields: Partial<Query> = {}): Query {
  return createQuery({
    ...{ source: 'gsm8k', subject: '', split: 'train', licence: 'MIT' },
    ...fields,
    text,
    gold: typeof gold === 'string' ? { kind: 'number', value: gold } : gold,
  });
}
