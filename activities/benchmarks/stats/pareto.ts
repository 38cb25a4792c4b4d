/** The points that no other point beats in both respects: at most the cost and at least the value, one of them strictly. */
export interface CostedPoint {
  readonly cost: number;
  readonly value: number;
}

/** In rising order of cost. Equal points are all on the front. */
export function paretoFront<T extends CostedPoint>(points: readonly T[]): readonly T[] {
  const beats = (a: T, b: T): boolean =>
    a.cost <= b.cost && a.value >= b.value && (a.cost < b.cost || a.value > b.value);
  return points
    .filter((point) => !points.some((other) => beats(other, point)))
    .toSorted((a, b) => a.cost - b.cost);
}
