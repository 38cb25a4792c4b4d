/** Places the systems' names beside their points so that they cover neither each other nor a point. */
export interface CostScale {
  readonly type: 'log' | 'linear';
  readonly nice: false;
  readonly zero: boolean;
  readonly domain: readonly [number, number];
}

export interface LabelledPoint {
  readonly system: string;
  readonly cost: number;
  readonly accuracy: number;
}

export interface Label {
  readonly align: 'left' | 'right';
  /** Where the label stands on the axis of accuracy. */
  readonly labelAt: number;
}

/** The plot in pixels, without axes; near enough for placing. */
const width = 440;
const height = 255;
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
  scale: CostScale,
  [bottom, top]: readonly [number, number],
): readonly (T & Label)[] {
  const x = (cost: number): number => width * position(cost, scale);
  const y = (accuracy: number): number => height * (1 - (accuracy - bottom) / (top - bottom));
  const taken: Box[] = points.map((point) => around(x(point.cost), y(point.accuracy)));
  return points.map((point) => {
    const candidates = [0, 1, -1, 2, -2, 3, -3].flatMap((lines) =>
      (['left', 'right'] as const).map((align) => {
        const at = y(point.accuracy) - lines * lineHeight;
        return { align, at, box: boxOf(point.system, x(point.cost), at, align) };
      }),
    );
    const free = candidates.find(({ box }) => isInside(box) && !taken.some((other) => overlap(box, other)));
    const chosen = free ?? candidates[0];
    if (chosen) taken.push(chosen.box);
    const labelAt = chosen ? bottom + (1 - chosen.at / height) * (top - bottom) : point.accuracy;
    return { ...point, align: chosen?.align ?? 'left', labelAt };
  });
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

function isInside(box: Box): boolean {
  return box.left >= 0 && box.right <= width + 30 && box.top >= -6 && box.bottom <= height + 2;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
