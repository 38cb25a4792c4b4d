/**
 * Good and bad programs of one query, from the scores of the first driver. Good: its mean score solves the query (above one half);
 * bad: it does not. Good ones are taken best score first, then cheapest in tokens, then by id. Bad ones that answered come before
 * those that failed, in an order that the seed decides: a wrong answer teaches more than a crash.
 */
import type { ExportOptions } from '../../../workflows/dataset/export-contract.ts';
import { createRandom } from '../random.ts';
import { isSolved } from '../selection.ts';
import { type MatrixCell, meanScore } from './matrix-cells.ts';

export interface Contrast {
  readonly chosen: MatrixCell;
  readonly rejected: MatrixCell;
}

/** The i-th good with the i-th bad program whose score is lower by the least gap: no program is in two pairs of a query. */
export function pairsOf(
  cells: readonly MatrixCell[],
  options: Pick<ExportOptions, 'pairsPerQuery' | 'leastScoreGap'>,
  key: string,
): Contrast[] {
  const { good, bad } = ranked(cells, key);
  const pairs: Contrast[] = [];
  for (const chosen of good) {
    if (pairs.length === options.pairsPerQuery) break;
    // Means of thirds and fifths: a gap of exactly the least one counts.
    const enough = meanScore(chosen) - options.leastScoreGap + 1e-9;
    const at = bad.findIndex((cell) => meanScore(cell) <= enough);
    if (at < 0) continue;
    pairs.push({ chosen, rejected: bad.splice(at, 1)[0] as MatrixCell });
  }
  return pairs;
}

export interface Labelled {
  readonly cell: MatrixCell;
  readonly label: boolean;
}

export function labelledOf(
  cells: readonly MatrixCell[],
  { unpairedPerQuery }: Pick<ExportOptions, 'unpairedPerQuery'>,
  key: string,
): Labelled[] {
  const { good, bad } = ranked(cells, key);
  return [
    ...good.slice(0, unpairedPerQuery).map((cell) => ({ cell, label: true })),
    ...bad.slice(0, unpairedPerQuery).map((cell) => ({ cell, label: false })),
  ];
}

/** `key`: of the random order; the seed and the query's id. */
function ranked(cells: readonly MatrixCell[], key: string) {
  const byId = cells.toSorted((a, b) => (a.program.id < b.program.id ? -1 : 1));
  const tokens = ({ tokensIn, tokensOut }: MatrixCell): number => tokensIn + tokensOut;
  const good = byId
    .filter((cell) => isSolved(meanScore(cell)))
    .toSorted((a, b) => meanScore(b) - meanScore(a) || tokens(a) - tokens(b));
  const bad = createRandom(`rejected/${key}`)
    .shuffle(byId.filter((cell) => !isSolved(meanScore(cell))))
    .toSorted((a, b) => Number(b.answered > 0) - Number(a.answered > 0));
  return { good, bad };
}
