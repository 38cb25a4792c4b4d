/**
 * report.json -> one self-contained HTML file: no request leaves it, every foreign text is escaped, its policy allows
 * nothing but its own style and script, and it stays below 3 MB by clipping texts that report.json has whole.
 */
import { createHash } from 'node:crypto';
import {
  reportDataSchema,
  type ReportData,
  type ReportDraft,
} from '../../workflows/evaluation/report-data.ts';
import { accuracyBarsChart } from './accuracy-bars-chart.ts';
import { accuracyCostChart } from './accuracy-cost-chart.ts';
import { comparisonTable } from './comparison-table.ts';
import { type Detail, fitDetail } from './detail.ts';
import { failureTable } from './failure-table.ts';
import { count } from './figures.ts';
import { filterScript } from './filter-script.ts';
import { itemList } from './item-list.ts';
import { type Markup, markup, trusted } from './markup.ts';
import { programList } from './program-list.ts';
import { provenanceSection } from './provenance-section.ts';
import { type Setting, settingsOf } from './setting.ts';
import { style } from './style.ts';
import { summaryTable } from './summary-table.ts';

export async function renderReport(draft: ReportDraft): Promise<string> {
  const data = reportDataSchema.parse(draft);
  const settings = settingsOf(data);
  const charts = await drawCharts(settings);
  return fitDetail(data, (detail) => renderPage({ data, settings, charts, detail }));
}

interface Charts {
  readonly accuracyCost: readonly Markup[];
  readonly accuracy: readonly Markup[];
}

async function drawCharts(settings: readonly Setting[]): Promise<Charts> {
  const figure = async (setting: Setting, draw: (setting: Setting) => Promise<Markup>): Promise<Markup> =>
    markup`<figure><figcaption>${setting.title}</figcaption>${await draw(setting)}</figure>`;
  return {
    accuracyCost: await Promise.all(settings.map((setting) => figure(setting, accuracyCostChart))),
    accuracy: await Promise.all(settings.map((setting) => figure(setting, accuracyBarsChart))),
  };
}

interface Page {
  readonly data: ReportData;
  readonly settings: readonly Setting[];
  readonly charts: Charts;
  readonly detail: Detail;
}

function renderPage({ data, settings, charts, detail }: Page): string {
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(filterScript)}; base-uri 'none'; form-action 'none'`;
  const queries = new Set(data.items.map((item) => `${item.benchmark} ${item.queryId}`)).size;
  return markup`${trusted('<!DOCTYPE html>')}
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${trusted(policy)}"><meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${data.title}${data.simulated && ' (simulated)'}</title><style>${trusted(style)}</style></head>
<body><a class="skip" href="#main">Skip to the results</a>
<header><h1>${data.title}</h1><p class="sub">${data.provenance.run}, ${data.provenance.createdAt.slice(0, 16).replace('T', ' ')} UTC: ${count(data.systems.length)} systems, ${count(data.benchmarks.length)} benchmarks, ${count(queries)} queries, ${count(data.items.length)} executions</p>
${data.simulated && markup`<p class="banner" role="note"><strong>Simulated.</strong> A simulated model took part. These figures show how the pipeline behaves; they say nothing about any real model.</p>`}
<nav aria-label="Sections"><ul><li><a href="#summary">Summary</a><li><a href="#cost">Accuracy and cost</a><li><a href="#accuracy">Intervals</a><li><a href="#comparisons">Comparisons</a><li><a href="#failures">Failures</a><li><a href="#explorer">Items</a><li><a href="#programs">Programs</a><li><a href="#provenance">Provenance</a></ul></nav></header>
<main id="main">
<h2 id="summary">Summary</h2>${summaryTable(settings)}
<h2 id="cost">Accuracy against cost</h2><p class="note">Higher is better, further left is cheaper. Systems on the dashed line are on the front: none here is both cheaper and better.</p><div class="charts">${charts.accuracyCost}</div>
<h2 id="accuracy">Accuracy with intervals</h2><p class="note">95 % confidence: Wilson below 100 items, bootstrap by item otherwise.</p><div class="charts">${charts.accuracy}</div>
<h2 id="comparisons">Paired comparisons</h2>${comparisonTable(data, settings)}
<h2 id="failures">Failures by kind</h2>${failureTable(data)}
<h2 id="explorer">Items</h2><p class="note">Texts that end in “more characters” are clipped here, so that the page stays small; report.json has them whole.</p>${itemList(data, detail)}
<h2 id="programs">Programs</h2>${programList(data, detail)}
<h2 id="provenance">Provenance</h2>${provenanceSection(data)}
</main><footer>Written by masgpt-temporal. This file makes no request to any server.</footer>
<script>${trusted(filterScript)}</script></body></html>
`.source;
}

function hashOf(source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`;
}
