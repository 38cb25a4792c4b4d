/** For one field of a CSV file (RFC 4180) that a spreadsheet may open: texts that would start a formula are quoted by "'". */
import { visibleText } from './visible-text.ts';

export function csvField(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = visibleText(value);
  const safe = /^\s*[=+\-@＝＋－＠|%]|^[\t\n]/.test(text) ? `'${text}` : text;
  return /[",;\n\t']/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvRow(values: readonly Parameters<typeof csvField>[0][]): string {
  return `${values.map(csvField).join(',')}\r\n`;
}
