/** Accuracy against cost, one picture per setting: intervals, the front as a line, every system named beside its point. */
import type { TopLevelSpec } from 'vega-lite';
import { drawChart } from './draw-chart.ts';
import { percent } from './figures.ts';
import type { Markup } from './markup.ts';
import { costScale, placeLabels } from './place-labels.ts';
import { costAxis, type Setting } from './setting.ts';

export interface Point {
  readonly system: string;
  readonly cost: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  readonly onFront: boolean;
}

export function accuracyCostChart(setting: Setting): Promise<Markup> {
  const axis = costAxis(setting.rows);
  const points = setting.rows.map((row) => ({
    ...{ system: row.system, accuracy: row.accuracy, low: row.low, high: row.high },
    ...{ cost: axis.of(row), onFront: setting.front.has(row.system) },
  }));
  const words = points.map(
    (point) => `${point.system} ${percent(point.accuracy)} percent at ${point.cost.toPrecision(3)}`,
  );
  return drawChart(
    specOf(points, axis.title),
    `Accuracy against cost on ${setting.title}: ${words.join('; ')}.`,
  );
}

function specOf(points: readonly Point[], costTitle: string): TopLevelSpec {
  const scale = costScale(points.map(({ cost }) => cost));
  const x = {
    field: 'cost',
    type: 'quantitative',
    title: costTitle,
    scale,
    axis: { tickCount: 5, format: '~g', grid: false, labelOverlap: 'greedy' },
  };
  const domain = accuracyDomain(points);
  const y = (field: string): object => ({
    field,
    type: 'quantitative',
    title: 'Accuracy',
    scale: { domain },
    axis: { format: '.0%', tickCount: 5 },
  });
  const colour = { condition: { test: 'datum.onFront', value: 'var(--accent)' }, value: 'var(--quiet)' };
  const labelled = placeLabels(
    points.map((point) => ({ ...point, label: point.system, score: point.accuracy })),
    { cost: scale, scores: domain, width: 440, height: 255 },
  );
  const text = (align: 'left' | 'right', paint: object): object => ({
    transform: [{ filter: `datum.align === '${align}'` }],
    mark: { type: 'text', align, dx: align === 'left' ? 9 : -9, fontSize: 12, limit: 300, ...paint },
    encoding: { x, y: y('labelAt'), text: { field: 'system' } },
  });
  // A halo in the page's colour keeps labels readable where they cross a line.
  const halo = { stroke: 'var(--paper)', strokeWidth: 4, strokeJoin: 'round' };
  const ink = { fill: 'var(--ink)' };
  return {
    data: { values: labelled },
    width: 500,
    height: 310,
    autosize: { type: 'fit', contains: 'padding' },
    layer: [
      {
        transform: [{ filter: 'datum.onFront' }],
        mark: { type: 'line', color: 'var(--accent)', strokeWidth: 1.5, strokeDash: [4, 3], opacity: 0.8 },
        encoding: { x, y: y('accuracy'), order: { field: 'cost' } },
      },
      {
        mark: { type: 'rule', opacity: 0.55 },
        encoding: { x, y: y('low'), y2: { field: 'high' }, stroke: colour },
      },
      text('left', halo),
      text('right', halo),
      {
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: { x, y: y('accuracy'), fill: colour },
      },
      text('left', ink),
      text('right', ink),
    ],
  } as TopLevelSpec;
}

function accuracyDomain(points: readonly Point[]): readonly [number, number] {
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  return [Math.max(0, Math.floor(low * 10 - 0.2) / 10), Math.min(1, Math.ceil(high * 10 + 0.2) / 10)];
}
