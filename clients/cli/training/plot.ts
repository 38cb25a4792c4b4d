/** A curve in a terminal: braille dots, two by four in each character. Pure. */

export interface PlotOptions {
  /** Characters, without the labels on the left. */
  readonly columns: number;
  readonly rows: number;
  /** At these x a column is marked below the curve. */
  readonly marks?: readonly number[];
}

/** Bits of a braille character, by row and column. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** Lines from top to bottom: labels of the highest and the lowest value, the curve, and a line of marks where there are some. */
export function plot(points: readonly (readonly [x: number, y: number])[], options: PlotOptions): string[] {
  const finite = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const [columns, rows] = [Math.max(1, options.columns), Math.max(1, options.rows)];
  if (finite.length === 0) return [];
  const xs = finite.map(([x]) => x);
  const ys = finite.map(([, y]) => y);
  const scaleX = scale(Math.min(...xs), Math.max(...xs), 2 * columns);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const scaleY = scale(low, high, 4 * rows);
  const cells = Array.from({ length: rows }, () => new Uint8Array(columns));
  let last: readonly [number, number] | undefined;
  for (const [x, y] of finite) {
    const at = [scaleX(x), 4 * rows - 1 - scaleY(y)] as const;
    // A resumed attempt goes back: no line is drawn to it.
    for (const [px, py] of last && at[0] >= last[0] ? line(last, at) : [at]) set(cells, px, py);
    last = at;
  }
  const labels = [label(high), ...Array.from({ length: Math.max(0, rows - 2) }, () => ''), label(low)];
  const width = Math.max(...labels.map((text) => text.length));
  const lines = cells.map((cell, row) => {
    const text = rows === 1 ? label(high) : (labels[row] ?? '');
    return `${text.padStart(width)} ${[...cell].map((bits) => String.fromCodePoint(0x2800 + bits)).join('')}`;
  });
  const marked = (options.marks ?? []).map((x) => Math.min(columns - 1, Math.max(0, scaleX(x) >> 1)));
  if (marked.length === 0) return lines;
  const below = Array.from({ length: columns }, (_, column) => (marked.includes(column) ? '^' : ' ')).join(
    '',
  );
  return [...lines, `${' '.repeat(width)} ${below.trimEnd()}`];
}

function scale(low: number, high: number, size: number): (value: number) => number {
  const span = high - low;
  return (value) =>
    span === 0 ? size >> 1 : Math.min(size - 1, Math.max(0, Math.round(((value - low) / span) * (size - 1))));
}

function set(cells: readonly Uint8Array[], x: number, y: number): void {
  const row = cells[y >> 2];
  const bits = dots[y & 3]?.[x & 1];
  if (row && bits !== undefined) row[x >> 1] = (row[x >> 1] ?? 0) | bits;
}

/** Bresenham's, both ends included. */
function line(from: readonly [number, number], to: readonly [number, number]): [number, number][] {
  let [x, y] = from;
  const [dx, dy] = [Math.abs(to[0] - x), -Math.abs(to[1] - y)];
  const [sx, sy] = [x < to[0] ? 1 : -1, y < to[1] ? 1 : -1];
  let error = dx + dy;
  const points: [number, number][] = [];
  for (;;) {
    points.push([x, y]);
    if (x === to[0] && y === to[1]) return points;
    const twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x += sx;
    }
    if (twice <= dx) {
      error += dx;
      y += sy;
    }
  }
}

function label(value: number): string {
  return value === 0 ? '0' : value.toPrecision(3);
}
