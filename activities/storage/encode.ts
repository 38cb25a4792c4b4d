/** Values as PostgreSQL takes them: foreign text may hold NUL, which `text` refuses; arrays would become SQL arrays. */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/** For a `json` column: any JSON value. (The columns are `json`, not `jsonb`: that refuses an escaped NUL.) */
export function toJson(value: unknown): RawBuilder<unknown> {
  return sql`${JSON.stringify(value ?? null)}::json`;
}

/** For a `text` column: NUL becomes U+FFFD, a lone surrogate too. */
export function toText(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\u{FFFD}')).toString();
}
