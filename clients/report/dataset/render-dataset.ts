/** The report of a dataset as one HTML file: no script, no request to any server, every foreign text escaped. */
import { createHash } from 'node:crypto';
import { count, money, percent } from '../figures.ts';
import { type Markup, markup, trusted } from '../markup.ts';
import { groupTable } from '../selection/group-table.ts';
import { heatMap } from '../selection/heat-map.ts';
import { selectionStyle } from '../selection/selection-style.ts';
import { style } from '../style.ts';
import { lengthsChart } from './lengths-chart.ts';
import { distributionChart } from './distribution-chart.ts';
import { costChart, scoresChart } from './program-charts.ts';
import { failureList, programTable } from './program-table.ts';
import { refinementSection } from './refinement-section.ts';
import type { DatasetReport } from './report-data.ts';

const css = `${style}${selectionStyle}.share { fill: var(--bar); } figure + h3, figure + .scroll, .key + .scroll { margin-top: 28px; } .wide { overflow-x: auto; } .wide svg { max-width: none; }\ncaption { max-width: min(1072px, calc(100vw - 28px)); }\n`;

/** Groups whose distributions are drawn, and rows of the heat map: tables have them all. */
const maxDistributions = 5;
const maxMapped = 60;

export async function renderDataset(report: DatasetReport): Promise<string> {
  const { result, selection, programs, failures, lengths } = report;
  const { run, simulated, rows } = result;
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(css).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  const parts = Object.entries(lengths).filter(([, list]) => list.length > 0);
  const largest = selection.groups.toSorted((a, b) => b.queries - a.queries);
  const drawn = largest.slice(0, maxDistributions).map(({ group }) => group);
  const more = largest.length - drawn.length;
  const distribution = await distributionChart(programs, drawn);
  const mapped = { ...selection, groups: largest.slice(0, maxMapped) };
  const order = programs.map(({ program }) => selection.programs.indexOf(program));
  const histograms = await Promise.all(parts.map(([part, list]) => lengthsChart(part, list)));
  return markup`${trusted('<!DOCTYPE html>')}
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${trusted(policy)}"><meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${run}${simulated && ' (simulated)'}</title><style>${trusted(css)}</style></head>
<body><a class="skip" href="#main">Skip to the results</a>
<header><h1>Dataset</h1><p class="sub">${run}: ${count(rows)} training rows of ${count(selection.queries)} queries, ${count(programs.length)} programs, ${count(result.cells)} executions</p>
${simulated && markup`<p class="banner" role="note"><strong>Simulated.</strong> A simulated model took part. These figures show how the pipeline behaves; they say nothing about any real model.</p>`}
<div class="facts">${facts(report)}</div>
<nav aria-label="Sections"><ul><li><a href="#programs">Programs</a><li><a href="#selection">Selection</a><li><a href="#refinement">Refinement</a><li><a href="#failures">Failures</a><li><a href="#lengths">Lengths</a></ul></nav></header>
<main id="main">
<h2 id="programs">Programs</h2><p class="note">A tick is the mean score on one group, the dot the mean over all queries.</p><figure class="wide">${await scoresChart(programs)}</figure>
${distribution ? markup`<h3>Distribution of scores</h3><p class="note">Queries by how often a program solves them: in every execution, in some (or in part), in none. ${more > 0 && `The ${drawn.length} largest of ${count(selection.groups.length)} groups. `}</p><figure class="wide">${distribution}</figure>` : ''}
<h3>Score against cost</h3><p class="note">Programs that a group selected are named.</p><figure class="wide">${await costChart(programs)}</figure>
${programTable(report)}
<h2 id="selection">Selection</h2><p class="note">Groups and programs, these from left to right by their mean over all queries. Point at a cell for its interval, calls and tokens.</p>${heatMap(mapped, order)}
${groupTable(selection)}
<h2 id="refinement">Refinement</h2>${refinementSection(result.refinement, Math.max(0, result.dropped - selection.dropped))}
<h2 id="failures">Failures</h2>${failureList(failures)}
<h2 id="lengths">Lengths</h2><div class="charts">${histograms}</div>${histograms.length === 0 && markup`<p class="note">There are no rows.</p>`}
</main><footer>Written by masgpt-temporal. This file makes no request to any server.</footer></body></html>
`.source;
}

function facts({ result, selection, programs }: DatasetReport): Markup[] {
  const fact = (figure: string, text: string): Markup => markup`<div><b>${figure}</b><p>${text}</p></div>`;
  const { rows, dropped, leftOut = 0, refinement, usage } = result;
  const { inSample, crossFitted } = selection.overall;
  const best = programs[0];
  const gone = [
    `${count(dropped)} dropped: no final program solves them`,
    ...(leftOut > 0 ? [`${count(leftOut)} left out: the budget ended before they were executed`] : []),
  ];
  return [
    fact(`${count(rows)} rows`, `In the train split. Queries: ${gone.join('; ')}.`),
    fact(
      crossFitted === null ? `${percent(inSample)} %` : `${percent(inSample)} → ${percent(crossFitted)} %`,
      crossFitted === null
        ? 'Mean score of the selected programs on the draws that chose them: too high.'
        : 'Mean score of the selected programs on the draws that chose them, and on draws that did not.',
    ),
    fact(
      `${count(refinement.accepted)} of ${count(refinement.tried)}`,
      'Adaptations accepted: they score no lower than their base, and no control caught them.',
    ),
    fact(
      `$${money(usage.costUsd)}`,
      `Newly spent: ${count(usage.llmCalls)} LLM calls, ${count(usage.tokensIn + usage.tokensOut)} tokens. What was on record cost nothing.`,
    ),
    ...(best
      ? [fact(`${percent(best.mean)} %`, `The best single program for all queries: ${best.program}.`)]
      : []),
  ];
}
