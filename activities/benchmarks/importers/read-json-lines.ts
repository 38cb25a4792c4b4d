/** JSON lines: one value per line; blank lines are skipped, and a line that is none is named and left out. */
import { maxJsonCharacters, parseJson, tooLongReason } from './parse-json.ts';
import type { ReadRow } from './read-rows.ts';

export async function* readJsonLines(pieces: AsyncIterable<string>): AsyncGenerator<ReadRow> {
  let rest = '';
  let tooLong = false;
  let line = 0;
  const rowOf = (text: string): ReadRow | undefined => {
    line += 1;
    if (tooLong) {
      tooLong = false;
      return { line, reason: tooLongReason };
    }
    return text.trim() === '' ? undefined : { line, ...parseJson(text) };
  };
  for await (const piece of pieces) {
    // Only the new piece is searched: a long line comes in thousands of pieces.
    const [end = '', ...parts] = piece.split('\n');
    parts.unshift(rest + end);
    rest = parts.pop() ?? '';
    for (const text of parts) {
      const row = rowOf(text);
      if (row) yield row;
    }
    if (rest.length > maxJsonCharacters) {
      rest = '';
      tooLong = true;
    }
  }
  const row = rowOf(rest);
  if (row) yield row;
}
