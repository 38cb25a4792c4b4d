/** Disjoint sets of positions (union-find); the first member of a set stands for it. */
export interface Union {
  join(a: number, b: number): void;
  joined(a: number, b: number): boolean;
  first(position: number): number;
}

export function createUnion(size: number): Union {
  const above = Array.from({ length: size }, (_, position) => position);
  const first = (position: number): number => {
    let at = position;
    while (above[at] !== at) {
      // Halves the way for the next search.
      above[at] = above[above[at] as number] as number;
      at = above[at] as number;
    }
    return at;
  };
  return {
    first,
    joined: (a, b) => first(a) === first(b),
    join(a, b) {
      const [low, high] = [first(a), first(b)].toSorted((x, y) => x - y) as [number, number];
      above[high] = low;
    },
  };
}
