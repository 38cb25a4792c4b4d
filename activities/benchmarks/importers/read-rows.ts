/**
 * Reads the rows of an upstream file: JSON lines or one JSON array, plain or gzip. A foreign file is hostile input: its size,
 * what it expands to, and the length of a line are capped, and no row is kept longer than it takes to hand it on.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { failure } from '../../failure.ts';

export type ReadRow =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly reason: string };

const maxFileBytes = 2 * 1024 ** 3;
const maxExpandedBytes = 4 * 1024 ** 3;
const maxRatio = 200;
const maxLineCharacters = 8 * 1024 ** 2;
/** An array is parsed whole. */
const maxArrayCharacters = 256 * 1024 ** 2;

/** `line` counts from 1; of an array, it is the position of the element. Throws `Input.Invalid` for a file that cannot be read. */
export async function* readRows(file: string): AsyncGenerator<ReadRow> {
  const status = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw failure(
      'Input.Invalid',
      `${file}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
    );
  });
  if (!status.isFile()) throw failure('Input.Invalid', `${file} is not a file`);
  const { size } = status;
  if (size === 0) throw failure('Input.Invalid', `${file} is empty`);
  if (size > maxFileBytes)
    throw failure('Input.Invalid', `${file} has ${size} bytes; at most ${maxFileBytes} are read`);
  const lines = readLines(file, size);
  const first = await lines.next();
  if (first.done) throw failure('Input.Invalid', `${file} is empty`);
  if (/^\s*\[/.test(first.value.text)) yield* parseArray(file, first.value.text, lines);
  else {
    yield parseLine(first.value);
    for await (const line of lines) yield parseLine(line);
  }
}

interface Line {
  readonly number: number;
  readonly text: string;
  readonly tooLong: boolean;
}

/** Lines that are not blank. A file that begins with `[` may be an array on one line, which is as long as it is. */
async function* readLines(file: string, size: number): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8');
  let maxCharacters: number | undefined;
  let rest = '';
  let tooLong = false;
  let number = 0;
  for await (const chunk of expand(file, size)) {
    const piece = decoder.write(chunk);
    maxCharacters ??= piece.trimStart().startsWith('[') ? maxArrayCharacters : maxLineCharacters;
    // Only the new piece is searched: a long line comes in thousands of pieces.
    const [end = '', ...parts] = piece.split('\n');
    parts.unshift(rest + end);
    rest = parts.pop() ?? '';
    for (const text of parts) {
      number += 1;
      if (tooLong || text.trim() !== '') yield { number, text: tooLong ? '' : text, tooLong };
      tooLong = false;
    }
    if (rest.length > maxCharacters) {
      rest = '';
      tooLong = true;
    }
  }
  rest += decoder.end();
  if (tooLong || rest.trim() !== '') yield { number: number + 1, text: tooLong ? '' : rest, tooLong };
}

async function* expand(file: string, size: number): AsyncGenerator<Buffer> {
  const source = createReadStream(file);
  if (!(await isGzip(file))) {
    yield* source;
    return;
  }
  const gunzip = createGunzip();
  source.once('error', (error) => gunzip.destroy(error));
  let expanded = 0;
  try {
    for await (const chunk of source.pipe(gunzip)) {
      expanded += (chunk as Buffer).length;
      if (expanded > maxExpandedBytes || (expanded > 64 * 1024 ** 2 && expanded > size * maxRatio))
        throw failure(
          'Input.Invalid',
          `${file} expands to more than ${expanded} bytes from ${size}: refused`,
        );
      yield chunk as Buffer;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_'))
      throw failure('Input.Invalid', `${file} is not a whole gzip file: ${(error as Error).message}`);
    throw error;
  } finally {
    source.destroy();
  }
}

async function isGzip(file: string): Promise<boolean> {
  for await (const chunk of createReadStream(file, { start: 0, end: 1 }))
    return (chunk as Buffer)[0] === 0x1f && (chunk as Buffer)[1] === 0x8b;
  return false;
}

function parseLine({ number: line, text, tooLong }: Line): ReadRow {
  if (tooLong) return { line, reason: `the line has more than ${maxLineCharacters} characters` };
  if (text.includes('\ufffd')) return { line, reason: 'the line is not valid UTF-8' };
  try {
    return { line, value: JSON.parse(text.replace(/^\ufeff/, '')) };
  } catch (error) {
    return { line, reason: `not JSON: ${(error as Error).message.slice(0, 120)}` };
  }
}

/** Upstreams also write one array over many lines, or one array per line (AQuA writes neither: its lines are objects). */
async function* parseArray(file: string, head: string, lines: AsyncGenerator<Line>): AsyncGenerator<ReadRow> {
  const parts = [head];
  let length = head.length;
  for await (const { text, tooLong } of lines) {
    parts.push(text);
    length += text.length;
    if (tooLong || length > maxArrayCharacters)
      throw failure(
        'Input.Invalid',
        `${file}: an array of more than ${maxArrayCharacters} characters; write it as JSON lines`,
      );
  }
  let rows: unknown;
  try {
    rows = JSON.parse(parts.join('\n').replace(/^\ufeff/, ''));
  } catch (error) {
    throw failure('Input.Invalid', `${file} is not valid JSON: ${(error as Error).message.slice(0, 160)}`);
  }
  yield* (rows as unknown[]).map((value, index) => ({ line: index + 1, value }));
}
