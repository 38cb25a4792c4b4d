/** One JSON array, or objects that each span many lines. An array may be on one line: rows are named by their position in it. */
import { failure } from '../../failure.ts';
import { jsonElements, type JsonElement } from './json-elements.ts';
import { parseJson, tooLongReason } from './parse-json.ts';
import type { ReadRow } from './read-rows.ts';

/** Throws `Input.Invalid` for an array without an end: what is missing cannot be named. */
export async function* readArray(pieces: AsyncIterable<string>, path: string): AsyncGenerator<ReadRow> {
  const elements = jsonElements(pieces, 'array');
  let next = await elements.next();
  let last = 0;
  for (; !next.done; next = await elements.next()) {
    last = next.value.number;
    yield { line: last, ...valueOf(next.value) };
  }
  if (next.value === 'cut')
    throw failure(
      'Input.Invalid',
      `${path} is not valid JSON: it ends within its array, after ${last} elements`,
    );
  if (next.value === 'more')
    yield { line: last + 1, reason: 'text follows the end of the array: nothing after it is read' };
}

/** Throws `Input.Invalid` for half an object. */
export async function* readObjects(pieces: AsyncIterable<string>, path: string): AsyncGenerator<ReadRow> {
  const elements = jsonElements(pieces, 'objects');
  let next = await elements.next();
  for (; !next.done; next = await elements.next()) yield { line: next.value.line, ...valueOf(next.value) };
  if (next.value === 'cut')
    throw failure('Input.Invalid', `${path} is not valid JSON: it ends within an object`);
}

function valueOf({ text }: JsonElement) {
  return text === undefined ? { reason: tooLongReason } : parseJson(text);
}
