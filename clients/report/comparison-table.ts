/** Paired comparisons: every two systems on the items they share, by McNemar's exact test. */
import type { Comparison, ReportData } from '../../workflows/evaluation/report-data.ts';
import { count, pValue } from './figures.ts';
import { type Markup, markup } from './markup.ts';
import type { Setting } from './setting.ts';

/** In sight; the rest is folded away. */
const visibleRows = 12;
const maxRows = 400;

export function comparisonTable(data: ReportData, settings: readonly Setting[]): Markup {
  if (data.comparisons.length === 0)
    return markup`<p>Only one system was measured, so there is nothing to compare.</p>`;
  const titles = new Map(
    settings.map((setting) => [`${setting.benchmark} ${setting.driver}`, setting.title]),
  );
  const shown = data.comparisons.toSorted((a, b) => a.pValue - b.pValue).slice(0, maxRows);
  const more = data.comparisons.length - shown.length;
  return markup`<p class="note">The items that only one of two systems solved, and how often chance alone splits them at least so unevenly: exact McNemar, two-sided, not corrected for the number of comparisons (${count(data.comparisons.length)}).</p>
${table(shown.slice(0, visibleRows), titles, 'Paired comparisons, the clearest first')}
${shown.length > visibleRows && markup`<details><summary>${count(shown.length - visibleRows)} more comparisons</summary>${table(shown.slice(visibleRows), titles, 'More paired comparisons')}</details>`}
${more > 0 && markup`<p class="note">${count(more)} comparisons with a larger p are in report.json.</p>`}`;
}

function table(shown: readonly Comparison[], titles: ReadonlyMap<string, string>, label: string): Markup {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table>
<thead><tr><th scope="col">Benchmark<th scope="col">System A<th scope="col">System B<th scope="col" class="n">Only A<th scope="col" class="n">Only B<th scope="col" class="n">Items<th scope="col" class="n">p</thead>
<tbody>${shown.map((comparison) => comparisonRow(comparison, titles))}</tbody></table></div>`;
}

function comparisonRow(comparison: Comparison, titles: ReadonlyMap<string, string>): Markup {
  const { benchmark, driver, a, b, onlyA, onlyB, n } = comparison;
  const title = titles.get(`${benchmark} ${driver}`) ?? benchmark;
  const clear = comparison.pValue < 0.05;
  return markup`<tr><td>${title}<th scope="row">${a}<th scope="row">${b}<td class="n">${count(onlyA)}<td class="n">${count(onlyB)}<td class="n">${count(n)}<td class="n${clear ? ' best' : ''}">${pValue(comparison.pValue)}</tr>
`;
}
