/** Tables of the dataset card: every cell goes through the encoder. */
import { cell } from '../../../workflows/shared/encode/markdown.ts';

export type Value = string | number | boolean;

export function table(head: readonly string[], rows: readonly (readonly Value[])[]): string {
  const line = (values: readonly Value[]): string =>
    `| ${values.map((value) => cell(String(value))).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** In the order of the keys. */
export function countBy(keys: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
