/** Programs of the matrix as pictures: their scores by group, and their mean score against what they cost. */
import type { TopLevelSpec } from 'vega-lite';
import { drawChart } from '../draw-chart.ts';
import { percent } from '../figures.ts';
import type { Markup } from '../markup.ts';
import { costScale, placeLabels } from '../place-labels.ts';
import type { ProgramFigures } from './report-data.ts';

const ink = 'var(--ink)';
const left = 230;

/** One line per program: a tick per group, a point for the mean over all queries. */
export function scoresChart(programs: readonly ProgramFigures[]): Promise<Markup> {
  const ticks = programs.flatMap(({ program, groups }) =>
    groups.map(({ group, mean }) => ({ program, group, mean })),
  );
  const x = {
    field: 'mean',
    type: 'quantitative',
    title: null,
    scale: { domain: [0, 1] },
    axis: { format: '.0%', values: [0, 0.25, 0.5, 0.75, 1], orient: 'top' },
  };
  const y = {
    field: 'program',
    type: 'nominal',
    sort: programs.map(({ program }) => program),
    title: null,
    axis: { labelColor: ink, labelLimit: left - 12, ticks: false, domain: false, labelPadding: 8 },
  };
  const spec = {
    width: 720,
    height: programs.length * 17,
    autosize: 'none',
    padding: { left, right: 16, top: 22, bottom: 4 },
    layer: [
      {
        data: { values: ticks },
        mark: { type: 'tick', color: 'var(--accent)', opacity: 0.45, thickness: 2, height: 11 },
        encoding: { x, y },
      },
      {
        data: { values: programs.map(({ program, mean }) => ({ program, mean })) },
        mark: { type: 'point', filled: true, color: ink, size: 46, opacity: 1 },
        encoding: { x, y },
      },
    ],
  } as TopLevelSpec;
  const [best, worst] = [programs[0], programs.at(-1)];
  const words =
    best && worst
      ? `from ${best.program} at ${percent(best.mean)} to ${worst.program} at ${percent(worst.mean)} percent`
      : 'none';
  return drawChart(spec, `Mean scores of ${programs.length} programs by group, ${words}.`);
}

const [width, height] = [720, 320];

/** Programs that a group chose are named. */
export function costChart(programs: readonly ProgramFigures[]): Promise<Markup> {
  const inDollars = programs.some(({ costUsd }) => costUsd > 0);
  const points = programs
    .filter(({ executions }) => executions > 0)
    .map(({ program, mean, tokens, costUsd, chosenBy }) => ({
      ...{ program, score: mean, cost: inDollars ? costUsd : tokens },
      ...{ chosen: chosenBy > 0, label: chosenBy > 0 ? program : '' },
    }));
  const scale = costScale(points.map(({ cost }) => cost));
  const means = points.map(({ score }) => score);
  const scores = [Math.min(...means, 1) - 0.02, Math.max(...means, 0) + 0.02] as const;
  const values = placeLabels(points, { cost: scale, scores, width, height });
  const x = {
    field: 'cost',
    type: 'quantitative',
    title: inDollars ? 'US$ per execution' : 'Tokens per execution',
    scale,
    axis: { tickCount: 5, format: '~g', grid: false, labelOverlap: 'greedy' },
  };
  const y = (field: string): object => ({
    field,
    type: 'quantitative',
    title: 'Mean score',
    scale: { domain: scores, nice: false },
    axis: { format: '.0%', tickCount: 5 },
  });
  const text = (align: 'left' | 'right'): object => ({
    transform: [{ filter: `datum.label !== '' && datum.align === '${align}'` }],
    mark: { type: 'text', align, dx: align === 'left' ? 9 : -9, fontSize: 12, fill: ink },
    encoding: { x, y: y('labelAt'), text: { field: 'label' } },
  });
  const colour = { condition: { test: 'datum.chosen', value: 'var(--accent)' }, value: 'var(--quiet)' };
  const spec = {
    ...{ data: { values }, width, height },
    layer: [
      {
        mark: { type: 'point', filled: true, size: 52, opacity: 0.85 },
        encoding: { x, y: y('score'), color: colour },
      },
      text('left'),
      text('right'),
    ],
  } as TopLevelSpec;
  const chosen = values.filter((value) => value.chosen).map(({ program }) => program);
  return drawChart(
    spec,
    `Mean score against cost of ${values.length} programs; selected: ${chosen.join(', ') || 'none'}.`,
  );
}
