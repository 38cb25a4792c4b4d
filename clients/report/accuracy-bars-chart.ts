/** Accuracies of one setting as bars with their 95 % intervals, the best first. */
import type { TopLevelSpec } from 'vega-lite';
import { drawChart } from './draw-chart.ts';
import { percent } from './figures.ts';
import type { Markup } from './markup.ts';
import type { Setting } from './setting.ts';

export function accuracyBarsChart(setting: Setting): Promise<Markup> {
  const rows = setting.rows.toSorted((a, b) => b.accuracy - a.accuracy);
  const values = rows.map(({ system, accuracy, low, high }) => ({
    ...{ system, accuracy, low, high },
    label: `${percent(accuracy)} %`,
  }));
  const words = values.map(
    (row) => `${row.system} ${percent(row.accuracy)} (${percent(row.low)} to ${percent(row.high)})`,
  );
  return drawChart(specOf(values), `Accuracy in percent on ${setting.title}: ${words.join('; ')}.`);
}

function specOf(values: readonly { readonly system: string }[]): TopLevelSpec {
  const left = Math.min(230, 20 + 6.6 * Math.max(...values.map((value) => value.system.length)));
  const right = 64;
  const y = {
    field: 'system',
    type: 'nominal',
    sort: null,
    title: null,
    axis: {
      labelColor: 'var(--ink)',
      labelLimit: 300,
      ticks: false,
      domain: false,
      labelPadding: 8,
    },
  };
  const x = (field: string): object => ({
    field,
    type: 'quantitative',
    title: null,
    scale: { domain: [0, 1] },
    axis: { format: '.0%', values: [0, 0.25, 0.5, 0.75, 1] },
  });
  return {
    data: { values },
    width: 500 - left - right,
    height: values.length * 28,
    autosize: 'none',
    padding: { left, right, top: 2, bottom: 26 },
    layer: [
      {
        mark: { type: 'bar', height: 16, color: 'var(--bar)' },
        encoding: { y, x: x('accuracy') },
      },
      {
        mark: { type: 'rule', color: 'var(--ink)', strokeWidth: 1.5 },
        encoding: { y, x: x('low'), x2: { field: 'high' } },
      },
      {
        mark: { type: 'tick', color: 'var(--ink)', thickness: 1.5, height: 8 },
        encoding: { y, x: x('low') },
      },
      {
        mark: { type: 'tick', color: 'var(--ink)', thickness: 1.5, height: 8 },
        encoding: { y, x: x('high') },
      },
      {
        mark: { type: 'text', align: 'left', color: 'var(--quiet)', fontSize: 12, x: 'width', dx: 10 },
        encoding: { y, text: { field: 'label' } },
      },
    ],
  } as TopLevelSpec;
}
