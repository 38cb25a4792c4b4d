/** Makes a query of what a source says: its id is stable over files and order, and its text has no outer blanks. */
import { createHash } from 'node:crypto';
import type { Query } from '../../workflows/shared/query.ts';
import { canonicalJson } from '../storage/canonical-json.ts';

export function createQuery(fields: Omit<Query, 'id'>): Query {
  const text = fields.text.trim();
  const id = createHash('sha256')
    .update(canonicalJson([fields.source, text, fields.gold]))
    .digest('hex')
    .slice(0, 32);
  return { ...fields, text, id };
}
