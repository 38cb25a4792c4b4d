/** A row of parquet as JSON would give it: absent rather than null, numbers where whole numbers fit, dates as text. */
export interface PlainRow {
  readonly value: unknown;
  /** Of all its texts. */
  readonly characters: number;
  /** It holds U+FFFD: bytes that were no UTF-8. */
  readonly isBroken: boolean;
}

export function plainRow(row: Readonly<Record<string, unknown>>): PlainRow {
  const seen = { characters: 0, isBroken: false };
  const plain = (field: unknown): unknown => {
    if (typeof field === 'string') {
      seen.characters += field.length;
      seen.isBroken ||= field.includes('\ufffd');
      return field;
    }
    if (typeof field === 'bigint') return Number.isSafeInteger(Number(field)) ? Number(field) : String(field);
    if (field instanceof Date) return Number.isNaN(field.getTime()) ? undefined : field.toISOString();
    if (field === null || typeof field !== 'object') return field ?? undefined;
    if (field instanceof Uint8Array) {
      seen.characters += field.length;
      return undefined;
    }
    if (Array.isArray(field)) return field.map(plain);
    return Object.fromEntries(Object.entries(field).map(([name, part]) => [name, plain(part)]));
  };
  const value = plain(row);
  return { value, ...seen };
}
