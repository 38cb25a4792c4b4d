/** How the scores of each program are distributed over queries: one picture for all, and one per domain. */
import type { TopLevelSpec } from 'vega-lite';
import { drawChart } from '../draw-chart.ts';
import { oneLine } from '../figures.ts';
import type { Markup } from '../markup.ts';
import type { ProgramFigures } from './report-data.ts';

const parts = ['always', 'partly', 'never'] as const;
const colours = ['var(--accent)', 'var(--bar)', 'var(--line)'];
const all = 'all queries';

/** Undefined for a report of an earlier release, which has no distributions. `groups`: whose pictures are drawn beside that of all. */
export async function distributionChart(
  programs: readonly ProgramFigures[],
  groups: readonly string[],
): Promise<Markup | undefined> {
  const bars = programs.flatMap(({ program, groups: own }) =>
    own.flatMap(({ group, solved }) => {
      if (!solved) return [];
      const domains = groups.length > 1 && groups.includes(group) ? [all, titleOf(group)] : [all];
      return domains.flatMap((domain) =>
        parts.map((part, order) => ({ program, domain, part, order, queries: solved[part] })),
      );
    }),
  );
  if (bars.length === 0) return undefined;
  const spec = {
    data: { values: bars },
    facet: {
      column: {
        field: 'domain',
        sort: [all, ...groups.map(titleOf)],
        title: null,
        header: { labelColor: 'var(--ink)', labelFontSize: 12, labelLimit: 140 },
      },
    },
    spec: {
      width: 140,
      height: programs.length * 17,
      mark: { type: 'bar', height: 11 },
      encoding: {
        x: {
          aggregate: 'sum',
          field: 'queries',
          type: 'quantitative',
          stack: 'normalize',
          title: null,
          axis: { format: '.0%', values: [0, 0.5, 1], grid: false },
        },
        y: {
          field: 'program',
          type: 'nominal',
          sort: programs.map(({ program }) => program),
          title: null,
          axis: { labelColor: 'var(--ink)', labelLimit: 200, ticks: false, domain: false, labelPadding: 8 },
        },
        color: {
          field: 'part',
          type: 'nominal',
          scale: { domain: [...parts], range: colours },
          legend: { title: null, orient: 'top', labelColor: 'var(--ink)' },
        },
        order: { field: 'order', type: 'quantitative' },
      },
    },
  } as unknown as TopLevelSpec;
  return drawChart(
    spec,
    `Shares of queries that ${programs.length} programs solve always, partly and never; the table below has the means.`,
  );
}

function titleOf(group: string): string {
  return oneLine(group, 28) || '(no name)';
}
