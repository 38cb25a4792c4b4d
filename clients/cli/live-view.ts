/**
 * A block of lines that is redrawn in place: one write per frame, so that nothing flickers. The last frame stays. Lines are
 * given clipped to the terminal; the terminal may have been resized since the last frame.
 */
import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from './display-width.ts';

export interface LiveView {
  draw(lines: readonly string[]): void;
  /** Takes the block away, for other output; the next frame draws it again. */
  clear(): void;
  /** Leaves the block as it stands. */
  end(): void;
}

/** Terminals that know it show a frame at once; others ignore it. */
const [beginFrame, endFrame] = ['\u001b[?2026h', '\u001b[?2026l'];

export function createLiveView(stream: Pick<NodeJS.WriteStream, 'write' | 'columns'>): LiveView {
  let drawn: readonly string[] = [];

  /** Rows that the block takes by now. */
  const height = (): number => {
    const columns = stream.columns || 80;
    const widths = drawn.map((line) => displayWidth(stripVTControlCharacters(line)));
    return widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
  };
  const toTop = (): string => (drawn.length === 0 ? '' : `\r\u001b[${height()}A`);

  return {
    draw(lines) {
      if (lines.length === drawn.length && lines.every((line, index) => line === drawn[index])) return;
      const body = lines.map((line) => `${line}\u001b[K\n`).join('');
      stream.write(`${beginFrame}${toTop()}${body}\u001b[J${endFrame}`);
      drawn = lines;
    },
    clear() {
      if (drawn.length > 0) stream.write(`${toTop()}\u001b[J`);
      drawn = [];
    },
    end() {
      drawn = [];
    },
  };
}
