/** One row per group: what was selected, why, and what its score is worth. */
import type { Estimate, GroupReport, SelectionReport } from '../../../workflows/dataset/selection-report.ts';
import { count, oneLine, percent } from '../figures.ts';
import { type Markup, markup } from '../markup.ts';

export function groupTable(report: SelectionReport): Markup {
  const cost = report.cost === 'costUsd' ? 'US$' : 'Tokens';
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Groups"><table><caption>Scores in percent with 95 % intervals, over queries. Chose: the score of the selected program on the draws that selected it. Worth: chosen on one half, scored on the other.</caption>
<thead><tr><th scope="col">Group<th scope="col" class="n">Queries<th scope="col">Program<th scope="col">Why<th scope="col" class="n">Chose<th scope="col" class="n">Worth<th scope="col" class="n">Too high by<th scope="col" class="n">${cost} each</thead>
<tbody>${report.groups.map((group) => row(group, report))}</tbody></table></div>`;
}

function row(group: GroupReport, report: SelectionReport): Markup {
  const { chosen, inSample, crossFitted } = group;
  const score = chosen === null ? undefined : group.scores[chosen];
  const cost = report.cost === 'costUsd' ? score?.costUsd?.toPrecision(2) : score?.tokens;
  return markup`<tr><th scope="row">${oneLine(group.group, 60)}${group.exemplar !== undefined && markup`<span class="exemplar">${oneLine(group.exemplar, 110)}</span>`}<td class="n">${count(group.queries)}${group.observed < group.queries && markup` <span class="note">(${count(group.observed)} executed)</span>`}<td>${chosen === null ? markup`<span class="note">none: dropped</span>` : report.programs[chosen]}<td>${why(group)}${report.race && markup` <span class="note">${racing(group)}</span>`}<td class="n">${chosen === null ? '' : figure(inSample)}<td class="n">${crossFitted === null || chosen === null ? '' : figure(crossFitted)}<td class="n">${crossFitted === null || chosen === null ? '' : percent(inSample.mean - crossFitted.mean)}<td class="n">${typeof cost === 'number' ? count(Math.round(cost)) : (cost ?? '')}</tr>`;
}

function racing({ scores }: GroupReport): string {
  return `${scores.filter(({ dropped }) => dropped === undefined).length} of ${scores.length} raced to the end`;
}

function why({ why: reason, tied, scores, chosen }: GroupReport): string {
  const near = scores.filter((score) => score.near).length;
  const others = near - 1;
  const doubt = others > 0 ? `; ${others} more within one error` : '';
  if (reason === 'none' || chosen === null) return 'no program solved any query';
  if (reason === 'tie') return `highest, tied with ${tied - 1}: fewer calls, then the name${doubt}`;
  if (reason === 'cheaper') return `cheapest of ${near} within one standard error`;
  return `highest score${doubt}`;
}

function figure({ mean, low, high }: Estimate): Markup {
  return markup`${percent(mean)} <span class="note">${percent(low)} to ${percent(high)}</span>`;
}
