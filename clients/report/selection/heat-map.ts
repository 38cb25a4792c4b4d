/**
 * Groups x programs as one picture: the darker, the higher the score. A frame marks what was selected, a dot what the data do
 * not tell from the best. Each cell says its figures when pointed at. Names stay in sight while the cells scroll.
 */
import type { GroupReport, SelectionReport } from '../../../workflows/dataset/selection-report.ts';
import { count, oneLine, percent } from '../figures.ts';
import { type Markup, markup } from '../markup.ts';

const cell = { width: 25, height: 21 };
const head = 150;
const lean = 62;
const side = 232;

/** `order`: positions of the programs, from left to right. */
export function heatMap(report: SelectionReport, order: readonly number[]): Markup {
  const { groups } = report;
  const range = rangeOf(groups);
  const height = head + groups.length * cell.height + 2;
  const width = order.length * cell.width + lean + 2;
  return markup`<div class="heat"><svg width="${side}" height="${height}" role="img" aria-label="Names of the groups">${groups.map(
    ({ group, queries }, row) =>
      markup`<text class="l" x="${side - 8}" y="${middle(row)}">${shortened(group, 30)} <tspan class="q">${count(queries)}</tspan><title>${group}: ${count(queries)} queries</title></text>`,
  )}</svg><div class="scroll" tabindex="0" role="region" aria-label="Scores of groups and programs"><svg width="${width}" height="${height}" role="img" aria-label="Heat map of scores; the table below has the figures">${order.map(
    (program, column) => {
      const x = column * cell.width + cell.width / 2 + 4;
      return markup`<text transform="translate(${x} ${head - 6}) rotate(-66)">${oneLine(report.programs[program] ?? '', 26)}</text>`;
    },
  )}${groups.map((group, row) => order.map((program, column) => drawCell({ report, group, row, program, column, range })))}</svg></div></div>${key(range, report.race !== undefined)}`;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

interface CellPlace {
  readonly report: SelectionReport;
  readonly group: GroupReport;
  readonly row: number;
  readonly program: number;
  readonly column: number;
  readonly range: Range;
}

function drawCell({ report, group, row, program, column, range }: CellPlace): Markup {
  const score = group.scores[program];
  if (!score) return markup``;
  const x = column * cell.width;
  const y = head + row * cell.height;
  const isChosen = group.chosen === program;
  const isEmpty = score.executions === 0;
  const shade = shadeOf(score.mean, range);
  const on = shade > 0.62 ? ' on' : '';
  const title = isEmpty
    ? 'not executed'
    : `${percent(score.mean)} (${percent(score.low)} to ${percent(score.high)}), ${count(score.executions)} executions, ${count(score.llmCalls ?? 0)} calls and ${count(Math.round(score.tokens ?? 0))} tokens each${isChosen ? '; selected' : ''}${score.dropped ? `; dropped out at look ${score.dropped.look}, after ${count(score.dropped.queries)} queries` : ''}`;
  return markup`<rect${isEmpty && markup` class="none"`} x="${x + 1}" y="${y + 1}" width="${cell.width - 2}" height="${cell.height - 2}" fill-opacity="${shade.toFixed(2)}"><title>${report.programs[program]} on ${group.group}: ${title}</title></rect>${!isEmpty && markup`<text class="v${on}" x="${x + cell.width / 2}" y="${middle(row)}">${Math.round(score.mean * 100)}</text>`}${score.dropped && markup`<line class="out${on}" x1="${x + 4}" y1="${y + cell.height - 4}" x2="${x + cell.width - 4}" y2="${y + 4}"/>`}${!isEmpty && score.near && group.chosen !== null && markup`<circle class="near${on}" cx="${x + cell.width - 4}" cy="${y + 4}" r="1.4"/>`}${isChosen && markup`<rect class="pick" x="${x + 1}" y="${y + 1}" width="${cell.width - 2}" height="${cell.height - 2}"/>`}`;
}

/** Names of groups differ at their ends as often as at their beginnings. */
function shortened(name: string, max: number): string {
  const line = oneLine(name, 400);
  return line.length <= max ? line : `${line.slice(0, max / 2 - 3)}…${line.slice(-(max / 2 + 2))}`;
}

function middle(row: number): number {
  return head + row * cell.height + cell.height / 2 + 4;
}

/** Of all executed cells: shades then use the whole scale. */
function rangeOf(groups: readonly GroupReport[]): Range {
  const means = groups.flatMap(({ scores }) =>
    scores.flatMap(({ mean, executions }) => (executions > 0 ? [mean] : [])),
  );
  let [low, high] = [1, 0];
  for (const mean of means) [low, high] = [Math.min(low, mean), Math.max(high, mean)];
  return low < high ? { low, high } : { low: 0, high: 1 };
}

function shadeOf(mean: number, { low, high }: Range): number {
  return 0.04 + 0.92 * Math.min(1, Math.max(0, (mean - low) / (high - low)));
}

function key({ low, high }: Range, isRace: boolean): Markup {
  const steps = [0, 0.25, 0.5, 0.75, 1];
  return markup`<p class="key"><span><svg width="110" height="16" aria-hidden="true">${steps.map(
    (step, index) =>
      markup`<rect x="${index * 22}" width="22" height="16" fill-opacity="${shadeOf(low + step * (high - low), { low, high }).toFixed(2)}"/>`,
  )}</svg>score ${percent(low)} to ${percent(high)} %</span><span><svg width="20" height="16" aria-hidden="true"><rect class="pick" x="1" y="1" width="18" height="14"/></svg>selected</span><span><svg width="10" height="16" aria-hidden="true"><circle cx="5" cy="8" r="2"/></svg>within one standard error of the best</span>${isRace && markup`<span><svg width="20" height="16" aria-hidden="true"><line class="out" x1="3" y1="13" x2="17" y2="3"/></svg>dropped out of the race</span>`}</p>`;
}
