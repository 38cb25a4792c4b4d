/**
 * Splits text into the JSON values in it without parsing it whole: the elements of one array, or objects one after another. Only
 * strings and brackets are followed, so a value that is not JSON is handed on like any other, and what follows it is still found.
 */
import { maxJsonCharacters } from './parse-json.ts';

export interface JsonElement {
  /** Counts from 1. */
  readonly number: number;
  /** On which it begins, from 1. */
  readonly line: number;
  /** Undefined: longer than `maxJsonCharacters`. */
  readonly text: string | undefined;
}

/** How the text ended: within a value or the array, or with more text behind the array. */
export type JsonEnd = 'whole' | 'cut' | 'more';

export async function* jsonElements(
  pieces: AsyncIterable<string>,
  form: 'array' | 'objects',
): AsyncGenerator<JsonElement, JsonEnd> {
  const outer = form === 'array' ? 1 : 0;
  let [depth, number, line, startLine] = [0, 0, 1, 1];
  let [inString, escaped, started, tooLong, closed] = [false, false, false, false, false];
  let kept = '';

  const take = (piece: string, from: number, to: number): void => {
    if (!started || tooLong) return;
    kept += piece.slice(from, to);
    tooLong = kept.length > maxJsonCharacters;
    if (tooLong) kept = '';
  };
  const finish = (): JsonElement => {
    number += 1;
    const element = { number, line: startLine, text: tooLong ? undefined : kept };
    [kept, started, tooLong] = ['', false, false];
    return element;
  };

  for await (const piece of pieces) {
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const char = piece[at] ?? '';
      if (char === '\n') line += 1;
      if (inString) {
        if (escaped) escaped = false;
        else if (char === '\\') escaped = true;
        else if (char === '"') inString = false;
        continue;
      }
      if (isBlank(char)) continue;
      if (closed) return 'more';
      if (form === 'array' && depth === 0) {
        depth = 1;
        continue;
      }
      const ends = form === 'array' && depth === 1 && (char === ',' || char === ']');
      if (ends) {
        take(piece, from, at);
        if (started) yield finish();
        closed = char === ']';
        continue;
      }
      if (!started) {
        if (form === 'objects' && char === ',') continue;
        [started, startLine, from] = [true, line, at];
      }
      if (char === '"') inString = true;
      else if (char === '{' || char === '[') depth += 1;
      else if ((char === '}' || char === ']') && depth > outer) {
        depth -= 1;
        if (form === 'objects' && depth === 0) {
          take(piece, from, at + 1);
          yield finish();
        }
      }
    }
    take(piece, from, piece.length);
  }
  return closed || (form === 'objects' && !started) ? 'whole' : 'cut';
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}
