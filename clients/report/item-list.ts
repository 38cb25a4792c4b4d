/** Every item: one foldable entry per query, with the result of each system, its answer, its program and its trace. */
import type { ReportData, ReportItem } from '../../workflows/evaluation/report-data.ts';
import type { Detail } from './detail.ts';
import { clip, count, money, oneLine } from './figures.ts';
import { type Markup, markup } from './markup.ts';

interface Verdict {
  readonly code: 'r' | 'p' | 'w' | 'f';
  readonly mark: string;
  readonly word: string;
}

const right: Verdict = { code: 'r', mark: '✓', word: 'right' };
const partial: Verdict = { code: 'p', mark: '½', word: 'partly right' };
const wrong: Verdict = { code: 'w', mark: '✗', word: 'wrong' };
const failed: Verdict = { code: 'f', mark: '!', word: 'failed' };

function verdictOf(item: ReportItem): Verdict {
  if (item.failure !== undefined) return failed;
  if (item.score >= 1) return right;
  return item.score > 0 ? partial : wrong;
}

export function itemList(data: ReportData, detail: Detail): Markup {
  const shown = new Set(shownPrograms(data, detail));
  const several = new Set(data.items.map((item) => item.driver)).size > 1;
  const groups = byQuery(data.items);
  const entries = [...groups.values()].map((items, index) =>
    entry({ items, number: index + 1, several, shown, detail, data }),
  );
  return markup`${filters(data)}<div id="items">${entries}</div>`;
}

function byQuery(items: readonly ReportItem[]): ReadonlyMap<string, readonly ReportItem[]> {
  const groups = new Map<string, ReportItem[]>();
  for (const item of items) {
    const key = JSON.stringify([item.benchmark, item.queryId]);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** The sources that the page carries: the most used first. */
export function shownPrograms(data: ReportData, detail: Detail): readonly string[] {
  const uses = new Map<string, number>();
  for (const { programSha256 } of data.items) {
    if (programSha256 !== undefined) uses.set(programSha256, (uses.get(programSha256) ?? 0) + 1);
  }
  const known = [...uses].filter(([sha256]) => Object.hasOwn(data.programs, sha256));
  return known
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, detail.programs)
    .map(([sha256]) => sha256);
}

function filters(data: ReportData): Markup {
  const select = (id: string, label: string, options: readonly string[]): Markup =>
    markup`<label>${label}<select id="${id}"><option value="">all${options.map((option, index) => markup`<option value="${index}">${option}`)}</select></label>`;
  return markup`<form id="filters" hidden>
${select(
  'f-b',
  'Benchmark',
  data.benchmarks.map((benchmark) => benchmark.title),
)}${select(
    'f-s',
    'System',
    data.systems.map((system) => system.id),
  )}${select(
    'f-d',
    'Driver',
    data.drivers.map((driver) => driver.name),
  )}
<label>Verdict<select id="f-v"><option value="">all<option value="r">right<option value="p">partly right<option value="w">wrong<option value="f">failed</select></label>
<label class="grow">Text<input id="f-t" type="search" placeholder="in query, gold, answer or reason" autocomplete="off"></label>
<output id="f-n" aria-live="polite"></output></form>`;
}

interface Entry {
  readonly items: readonly ReportItem[];
  readonly number: number;
  /** Several drivers: results name theirs. */
  readonly several: boolean;
  readonly shown: ReadonlySet<string>;
  readonly detail: Detail;
  readonly data: ReportData;
}

function entry(context: Entry): Markup {
  const { items, number, detail, data } = context;
  const [first] = items;
  if (!first) return markup``;
  const benchmark = data.benchmarks.findIndex((candidate) => candidate.name === first.benchmark);
  const whole = first.query.length > detail.excerpt || first.query.includes('\n');
  return markup`<details class="q" id="q${number}" data-b="${benchmark}"><summary><i>${number}</i><span>${oneLine(first.query, detail.excerpt)}</span><b>${items.map((item) => mark(item))}</b></summary>
${whole && detail.query > 0 && markup`<pre>${clip(first.query, detail.query)}</pre>`}<p class="gold">Gold <code>${oneLine(first.gold, 300)}</code></p>${items.map((item) => result(item, context))}</details>
`;
}

function mark(item: ReportItem): Markup {
  const { code, mark: sign, word } = verdictOf(item);
  return markup`<s class="${code}" title="${item.system}: ${word}">${sign}</s>`;
}

function result(item: ReportItem, context: Entry): Markup {
  const { detail, data, several, shown } = context;
  const verdict = verdictOf(item);
  const system = data.systems.findIndex((candidate) => candidate.id === item.system);
  const driver = data.drivers.findIndex((candidate) => candidate.name === item.driver);
  const reason = detail.reason > 0 && oneLine(item.reason, detail.reason);
  return markup`<div class="a" data-s="${system}" data-d="${driver}" data-v="${verdict.code}"><p><s class="${verdict.code}">${verdict.mark}</s><strong>${item.system}</strong>${several && ` with ${item.driver}`}${item.repeat > 0 && ` (repeat ${item.repeat + 1})`} ${item.failure ?? verdict.word}${item.extracted !== null && markup`: <code>${oneLine(item.extracted, Math.max(40, detail.excerpt))}</code>`}${reason && markup` <span class="why">${reason}</span>`}</p>
<p class="use">${count(item.llmCalls)} ${item.llmCalls === 1 ? 'call' : 'calls'}, ${count(item.tokensIn + item.tokensOut)} tokens${item.costUsd > 0 && `, $${money(item.costUsd)}`}${item.inProcess && ', verdict formed in process'}${programLink(item, shown)}</p>${answer(item, detail)}${trace(item, detail)}</div>`;
}

function programLink(item: ReportItem, shown: ReadonlySet<string>): Markup | false {
  const sha256 = item.programSha256;
  if (sha256 === undefined) return false;
  if (!shown.has(sha256)) return markup`, program ${sha256.slice(0, 12)}`;
  return markup`, <a href="#p${sha256.slice(0, 12)}">program</a>`;
}

function answer(item: ReportItem, detail: Detail): Markup | false {
  if (detail.answer === 0 || item.answer.trim() === '' || item.answer === item.extracted) return false;
  return markup`<details><summary>Answer</summary><pre>${clip(item.answer, detail.answer)}</pre></details>`;
}

function trace(item: ReportItem, detail: Detail): Markup | false {
  if (detail.call === 0 || item.calls.length === 0) return false;
  const more = item.calls.length - detail.calls;
  return markup`<details><summary>Trace, ${item.calls.length} ${item.calls.length === 1 ? 'call' : 'calls'}</summary><ol>${item.calls
    .slice(0, detail.calls)
    .map(
      (call) =>
        markup`<li><p class="use">${call.method}, thread ${call.lineage}, ${count(call.tokensIn)} tokens in, ${count(call.tokensOut)} out</p><pre>${clip(call.request, detail.call)}</pre><pre class="reply">${clip(call.reply, detail.call)}</pre>`,
    )}</ol>${more > 0 && markup`<p class="note">${count(more)} more calls are in report.json.</p>`}</details>`;
}
