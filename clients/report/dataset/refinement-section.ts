/** What became of the refiner's programs: accepted, refused and why, and what the controls caught. */
import { noCatches, type Refusal, type RefinementSums } from '../../../workflows/dataset/refinement.ts';
import { count, percent } from '../figures.ts';
import { type Markup, markup } from '../markup.ts';

const reasons: Readonly<Record<Refusal, string>> = {
  noProgram: 'no block with a class MAS',
  truncated: 'the reply ended at its limit of tokens',
  badProgram: 'syntax, form, or an error found in it',
  noAgents: 'it asks no model, and the base does',
  mentionsOriginal: 'it speaks of an earlier version',
  noReasoning: 'no reasoning that may stand',
  leaked: 'it has the answer in it',
  failed: 'it failed when executed, and scored lower',
  scoredLower: 'it scored lower',
  constantDriver: 'control: right although its agents say nothing',
  similarQuery: "control: gives this query's answer to another query",
};

/** `dropped`: queries that refinement left without a program. */
export function refinementSection(sums: RefinementSums, dropped: number): Markup {
  const { tried, accepted, kept, refused = {}, caught = noCatches } = sums;
  const rows = Object.entries(refused).toSorted(([, a], [, b]) => b - a);
  const most = Math.max(1, ...rows.map(([, times]) => times));
  return markup`<p>${count(tried)} queries were given to the refiner; ${count(accepted)} adapted programs are used${tried > 0 && ` (${percent(accepted / tried)} %)`}, ${count(kept)} base programs stand${dropped > 0 && `, and ${count(dropped)} queries have no final program`}.</p>
${
  rows.length > 0 &&
  markup`<div class="scroll" tabindex="0" role="region" aria-label="Refusals"><table><caption>Programs of the refiner that were refused, by reason: tries, not queries.</caption>
<thead><tr><th scope="col">Reason<th scope="col">What it means<th scope="col" class="n">Tries<th scope="col"></thead>
<tbody>${rows.map(([reason, times]) => markup`<tr><th scope="row">${reason}<td>${reasons[reason as Refusal]}<td class="n">${count(times)}<td>${bar(times / most)}</tr>`)}</tbody></table></div>`
}
${caughtList('constantDriver', caught)}${caughtList('similarQuery', caught)}`;
}

function caughtList(control: keyof typeof noCatches, caught: NonNullable<RefinementSums['caught']>): Markup {
  const { count: times, queries } = caught[control];
  if (times === 0) return markup`<p class="note">Control ${control}: caught nothing.</p>`;
  return markup`<details><summary>Control ${control}: caught programs for ${count(times)} queries</summary><p><code>${queries.join(' ')}</code>${times > queries.length && ' …'}</p></details>`;
}

function bar(share: number): Markup {
  return markup`<svg width="160" height="10" aria-hidden="true"><rect class="share" width="${(share * 160).toFixed(1)}" height="10"/></svg>`;
}
