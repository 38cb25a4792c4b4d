/** The selection as one HTML file: no script, no request to any server, readable at 48 programs x 60 groups. */
import { createHash } from 'node:crypto';
import type { SelectionReport } from '../../../workflows/dataset/selection-report.ts';
import { count, percent, pValue } from '../figures.ts';
import { type Markup, markup, trusted } from '../markup.ts';
import { style } from '../style.ts';
import { groupTable } from './group-table.ts';
import { heatMap } from './heat-map.ts';
import { selectionStyle } from './selection-style.ts';

export interface SelectionPage {
  /** KIND/NAME. */
  readonly run: string;
  readonly report: SelectionReport;
  readonly simulated: boolean;
}

/** Rows that one picture can hold; the table has them all. */
const maxRows = 200;

export function renderSelection({ run, report, simulated }: SelectionPage): string {
  const css = style + selectionStyle;
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(css).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  const { groups, programs } = report;
  const drawn = groups.toSorted((a, b) => b.queries - a.queries).slice(0, maxRows);
  const shown = { ...report, groups: groups.filter((group) => drawn.includes(group)) };
  return markup`${trusted('<!DOCTYPE html>')}
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${trusted(policy)}"><meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Selection of ${run}${simulated && ' (simulated)'}</title><style>${trusted(css)}</style></head>
<body><a class="skip" href="#main">Skip to the results</a>
<header><h1>Score matrix and selection</h1><p class="sub">${run}: ${count(report.queries)} queries in ${count(groups.length)} groups, ${count(programs.length)} programs, ${count(report.repeats)} ${report.repeats === 1 ? 'repeat' : 'repeats'}</p>
${simulated && markup`<p class="banner" role="note"><strong>Simulated.</strong> A simulated model took part. These figures show how the pipeline behaves; they say nothing about any real model.</p>`}
<div class="facts">${facts(report)}</div></header>
<main id="main"><h2>Groups and programs</h2><p class="note">Programs from left to right by their mean over all queries. Point at a cell for its interval, calls and tokens.${groups.length > maxRows && ` The ${maxRows} largest groups are drawn.`}</p>${heatMap(shown, byMean(report))}
<h2>What was selected, and why</h2>${groupTable(report)}</main>
<footer>Written by masgpt-temporal. This file makes no request to any server.</footer></body></html>
`.source;
}

function facts(report: SelectionReport): Markup[] {
  const { overall, permutation, crossFit, clustering, dropped, rule } = report;
  const fact = (figure: string, text: string): Markup => markup`<div><b>${figure}</b><p>${text}</p></div>`;
  const list: Markup[] = [];
  const { inSample, crossFitted } = overall;
  if (crossFitted !== null)
    list.push(
      fact(
        `${percent(inSample)} → ${percent(crossFitted)}`,
        `Mean score of the selected programs on the draws that chose them, and on draws that did not (halves of the ${crossFit}). Scores that also chose are ${percent(inSample - crossFitted)} points too high here.`,
      ),
    );
  else
    list.push(
      fact(percent(inSample), 'Mean score of the selected programs, on the draws that chose them: too high.'),
    );
  if (permutation)
    list.push(
      fact(
        `p ${pValue(permutation.p).startsWith('<') ? '' : '= '}${pValue(permutation.p)}`,
        `Do the groups choose better than random groups of the same sizes? ${percent(permutation.grouped)} against ${percent(permutation.random)} on average of ${count(permutation.permutations)} random groupings; one program for all: ${percent(permutation.single)}.${permutation.queries === undefined ? '' : ` On the ${count(permutation.queries)} queries that all programs were executed on.`}`,
      ),
    );
  list.push(
    fact(
      rule === 'best' ? 'Highest score' : 'Cheapest within one error',
      rule === 'best'
        ? 'The rule: the highest mean score over the group; ties go to fewer calls, then the name.'
        : `The rule: of the programs within one standard error of the best, the one with the least ${report.cost === 'tokens' ? 'tokens' : 'cost'}.`,
    ),
  );
  if (report.race) {
    const { cells, of } = report.race;
    list.push(
      fact(
        `${percent(1 - cells / of)} % left out`,
        `Of ${count(of)} executions of the full matrix a race left out ${count(of - cells)}: programs that could hardly lead their group any more dropped out. What the others are worth takes no account of that choice.`,
      ),
    );
  }
  if (dropped > 0) list.push(fact(count(dropped), 'Queries dropped: no program is chosen for them.'));
  if (clustering)
    list.push(
      fact(
        `Silhouette ${clustering.silhouette.toFixed(3)}`,
        `Groups are clusters of ${clustering.embedder}${clustering.tried.length > 0 ? `; tried: ${clustering.tried.map(({ k, silhouette }) => `${k} (${silhouette.toFixed(3)})`).join(', ')}` : ''}.`,
      ),
    );
  return list;
}

function byMean({ groups, programs }: SelectionReport): number[] {
  const total = (program: number): number =>
    groups.reduce((sum, { scores, observed }) => sum + (scores[program]?.mean ?? 0) * observed, 0);
  const totals = programs.map((_, program) => total(program));
  return [...programs.keys()].toSorted((a, b) => (totals[b] ?? 0) - (totals[a] ?? 0) || a - b);
}
