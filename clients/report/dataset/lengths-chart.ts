/** How long the rows' parts are, as one histogram each. */
import type { TopLevelSpec } from 'vega-lite';
import { drawChart } from '../draw-chart.ts';
import { count } from '../figures.ts';
import { type Markup, markup } from '../markup.ts';

export async function lengthsChart(part: string, lengths: readonly number[]): Promise<Markup> {
  const sorted = lengths.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const title = `${part}: median ${count(at(0.5))} characters, 90 % below ${count(at(0.9))}`;
  const spec = {
    data: { values: lengths.map((length) => ({ length })) },
    width: 420,
    height: 130,
    mark: { type: 'bar', color: 'var(--bar)' },
    encoding: {
      x: {
        field: 'length',
        type: 'quantitative',
        bin: { maxbins: 30 },
        title: 'Characters',
        axis: { format: ',d', grid: false, tickCount: 5 },
      },
      y: { aggregate: 'count', type: 'quantitative', title: 'Rows', axis: { tickCount: 3, format: 'd' } },
    },
  } as TopLevelSpec;
  return markup`<figure><figcaption>${title}</figcaption>${await drawChart(spec, `Histogram of lengths. ${title}.`)}</figure>`;
}
