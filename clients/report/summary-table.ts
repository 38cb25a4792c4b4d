/** The summary: one row per system, benchmark and driver; the interval both in figures and as a small picture. */
import { count, money, oneDecimal, percent } from './figures.ts';
import { type Markup, markup } from './markup.ts';
import type { Row, Setting } from './setting.ts';

export function summaryTable(settings: readonly Setting[]): Markup {
  const dearest = Math.max(0, ...settings.flatMap((setting) => setting.rows.map((row) => row.costUsd)));
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Summary table"><table class="summary">
<caption>Accuracy with 95 % confidence intervals. Items that failed count as wrong.</caption>
<thead><tr><th scope="col">System<th scope="col" class="n">Accuracy, %<th scope="col" class="interval">95 % interval<th scope="col" class="n">Right / items<th scope="col" class="n">Failed<th scope="col" class="n">LLM calls / item<th scope="col" class="n">Tokens / item<th scope="col" class="n">Cost, $</thead>
${settings.map((setting) => settingRows(setting, dearest))}</table></div>`;
}

function settingRows(setting: Setting, dearest: number): Markup {
  const best = Math.max(...setting.rows.map((row) => row.accuracy));
  return markup`<tbody><tr class="group"><th colspan="8" scope="rowgroup">${setting.title}</th></tr>
${setting.rows.map((row) => systemRow({ row, setting, dearest, isBest: row.accuracy === best }))}</tbody>`;
}

interface SystemRow {
  readonly row: Row;
  readonly setting: Setting;
  /** Highest cost of the table: gives all the same decimals. */
  readonly dearest: number;
  readonly isBest: boolean;
}

function systemRow({ row, setting, dearest, isBest }: SystemRow): Markup {
  const items = Math.max(1, row.n);
  const onFront = setting.front.has(row.system);
  return markup`<tr><th scope="row">${row.system}${onFront && markup` <span class="tag" title="No system here is both cheaper and better">front</span>`}
<td class="n${isBest ? ' best' : ''}">${percent(row.accuracy)}<td class="interval">${intervalPicture(row)}<span>${percent(row.low)} – ${percent(row.high)}</span>
<td class="n">${count(row.correct)} / ${count(row.n)}<td class="n">${count(row.failed)}<td class="n">${oneDecimal(row.llmCalls / items)}<td class="n">${count(Math.round((row.tokensIn + row.tokensOut) / items))}<td class="n">${money(row.costUsd, dearest)}</tr>
`;
}

const width = 120;

function intervalPicture(row: Row): Markup {
  const at = (fraction: number): string => (fraction * width).toFixed(1);
  return markup`<svg width="${width}" height="12" viewBox="0 0 ${width} 12" aria-hidden="true"><path class="rail" d="M0 6H${width}"/><path class="reach" d="M${at(row.low)} 6H${at(row.high)}"/><circle cx="${at(row.accuracy)}" cy="6" r="3.5"/></svg>`;
}
