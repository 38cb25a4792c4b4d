/** The line splitter: whole lines whatever the chunks, a limit, and memory in proportion to the line. */
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from '../../../activities/sandbox/lines.ts';

function collect(maxBytes = 1 << 20) {
  const lines: string[] = [];
  let overflows = 0;
  const splitter = createLineSplitter(
    maxBytes,
    (line) => lines.push(line),
    () => (overflows += 1),
  );
  return { lines, splitter, overflows: () => overflows };
}

describe('the line splitter', () => {
  const text = 'eins\n\nzwei drei ü🙂\n"vier"\nunfinished';
  it.each([1, 2, 3, 5, 7, 100])('finds the same lines in chunks of %i bytes', (size) => {
    const { lines, splitter } = collect();
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
    expect(lines).toEqual(['eins', '', 'zwei drei ü🙂', '"vier"']);
    splitter.push(Buffer.from(' no more\n'));
    expect(lines.at(-1)).toBe('unfinished no more');
  });

  it('stops at a line beyond its limit, once, and hears nothing after it', () => {
    const { lines, splitter, overflows } = collect(10);
    splitter.push(Buffer.from('0123456789\n'));
    splitter.push(Buffer.from('0123456789'));
    expect([lines, overflows()]).toEqual([['0123456789'], 0]);
    splitter.push(Buffer.from('x'));
    splitter.push(Buffer.from('\nshort\n'));
    expect([lines, overflows()]).toEqual([['0123456789'], 1]);
  });

  it('holds a line of single bytes in about its own size', () => {
    const { lines, splitter } = collect(8 << 20);
    const held = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const before = held();
    const bytes = 4 << 20;
    for (let at = 0; at < bytes; at += 1) splitter.push(Buffer.of(97));
    // As separate chunks, each byte takes more than 100.
    expect(held() - before).toBeLessThan(40 * bytes);
    splitter.push(Buffer.of(10));
    expect(lines).toEqual(['a'.repeat(bytes)]);
  });
});
