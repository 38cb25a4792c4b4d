/**
 * How alike two programs are: the share of stretches of four consecutive tokens that they have in common (Jaccard index), 0 to 1.
 * Tokens are the nodes of the syntax tree, names after renaming, numbers and the words of texts; layout, comments and chosen
 * names do not count. Of programs with more than 4,096 stretches a sample is compared, the same for both (bottom-k sketch).
 */
import type { Fingerprint } from '../sandbox/program-graph.ts';

const sketch = 4_096;

export function similarity(a: Fingerprint, b: Fingerprint): number {
  const left = new Set(a.shingles);
  const right = new Set(b.shingles);
  const union = [...new Set([...left, ...right])].toSorted((x, y) => x - y).slice(0, sketch);
  if (union.length === 0) return 1;
  const common = union.filter((shingle) => left.has(shingle) && right.has(shingle)).length;
  return Math.round((common / union.length) * 1e4) / 1e4;
}
