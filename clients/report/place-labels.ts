/** Scores against cost: the cost axis, and names beside their points that cover neither each other nor a point. */
export interface CostScale {
  readonly type: 'log' | 'linear';
  readonly nice: false;
  readonly zero: boolean;
  readonly domain: readonly [number, number];
}

export interface LabelledPoint {
  /** Empty: the point is only kept clear. */
  readonly label: string;
  readonly cost: number;
  /** Height in the chart. */
  readonly score: number;
}

export interface Label {
  readonly align: 'left' | 'right';
  /** Where the label stands on the axis of scores. */
  readonly labelAt: number;
}

/** The plot without its axes. */
export interface Plot {
  readonly cost: CostScale;
  readonly scores: readonly [number, number];
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const characterWidth = 6.4;
const lineHeight = 15;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Tries right of the point, left of it, then above and below in steps of a line; when all is covered, the right. */
export function placeLabels<T extends LabelledPoint>(
  points: readonly T[],
  { cost: scale, scores: [bottom, top], width, height }: Plot,
): readonly (T & Label)[] {
  const x = (cost: number): number => width * position(cost, scale);
  const y = (score: number): number => height * (1 - (score - bottom) / (top - bottom));
  const taken: Box[] = points.map((point) => around(x(point.cost), y(point.score)));
  const isInside = (box: Box): boolean =>
    box.left >= 0 && box.right <= width + 30 && box.top >= -6 && box.bottom <= height + 2;
  return points.map((point) => {
    if (point.label === '') return { ...point, align: 'left', labelAt: point.score };
    const candidates = [0, 1, -1, 2, -2, 3, -3].flatMap((lines) =>
      (['left', 'right'] as const).map((align) => {
        const at = y(point.score) - lines * lineHeight;
        return { align, at, box: boxOf(point.label, x(point.cost), at, align) };
      }),
    );
    const free = candidates.find(({ box }) => isInside(box) && !taken.some((other) => overlap(box, other)));
    const chosen = free ?? candidates[0];
    if (chosen) taken.push(chosen.box);
    const labelAt = chosen ? bottom + (1 - chosen.at / height) * (top - bottom) : point.score;
    return { ...point, align: chosen?.align ?? 'left', labelAt };
  });
}

/** Room to the right, where labels stand; logarithmic when the dearest costs more than six times the cheapest. */
export function costScale(costs: readonly number[]): CostScale {
  const [low, high] = [Math.min(...costs), Math.max(...costs)];
  if (low > 0 && high / low > 6) {
    const reach = high / low;
    return { type: 'log', nice: false, zero: false, domain: [low / reach ** 0.06, high * reach ** 0.34] };
  }
  return { type: 'linear', nice: false, zero: true, domain: [0, Math.max(high, 1e-9) * 1.34] };
}

function position(cost: number, { type, domain: [low, high] }: CostScale): number {
  if (type === 'log') return Math.log(cost / low) / Math.log(high / low);
  return (cost - low) / (high - low);
}

function around(x: number, y: number): Box {
  return { left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 };
}

/** `align` is that of the text: left-aligned text stands to the right of its point. */
function boxOf(text: string, x: number, y: number, align: Label['align']): Box {
  const length = text.length * characterWidth;
  const [left, right] = align === 'left' ? [x + 8, x + 10 + length] : [x - 10 - length, x - 8];
  return { left, right, top: y - lineHeight / 2 + 1, bottom: y + lineHeight / 2 - 1 };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
