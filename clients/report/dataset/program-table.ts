/** One row per program of the matrix, the best first, with what failed below. */
import { count, money, oneDecimal, percent } from '../figures.ts';
import { type Markup, markup } from '../markup.ts';
import type { DatasetReport, Failures } from './report-data.ts';

export function programTable({ programs, selection }: DatasetReport): Markup {
  const dearest = Math.max(0, ...programs.map(({ costUsd }) => costUsd));
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Programs"><table><caption>Scores in percent, over queries${selection.race && ', where a program dropped out of the race those before that'}. Lowest and highest: of its groups. Calls, tokens and cost: per execution.</caption>
<thead><tr><th scope="col">Program<th scope="col" class="n">Mean<th scope="col" class="n">Lowest<th scope="col" class="n">Highest<th scope="col" class="n">Selected by<th scope="col" class="n">Executions<th scope="col" class="n">LLM calls<th scope="col" class="n">Tokens<th scope="col" class="n">Cost, $</thead>
<tbody>${programs.map(({ program, mean, groups, chosenBy, executions, llmCalls, tokens, costUsd }) => {
    const means = groups.map((group) => group.mean);
    return markup`<tr><th scope="row">${program}<td class="n">${percent(mean)}<td class="n">${means.length > 0 && percent(Math.min(...means))}<td class="n">${means.length > 0 && percent(Math.max(...means))}<td class="n">${chosenBy > 0 && count(chosenBy)}<td class="n">${count(executions)}<td class="n">${oneDecimal(llmCalls)}<td class="n">${count(Math.round(tokens))}<td class="n">${money(costUsd, dearest)}</tr>
`;
  })}</tbody></table></div>`;
}

const maxRows = 40;

export function failureList(failures: readonly Failures[]): Markup {
  if (failures.length === 0)
    return markup`<p class="note">No program failed in the executions of this run.</p>`;
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Failures"><table><caption>Executions of this run that ended with a failure of the program: they count as wrong.${failures.length > maxRows && ` The ${maxRows} most frequent.`}</caption>
<thead><tr><th scope="col">Program<th scope="col">Kind<th scope="col" class="n">Executions</thead>
<tbody>${failures.slice(0, maxRows).map(({ program, kind, count: times }) => markup`<tr><th scope="row">${program}<td>${kind}<td class="n">${count(times)}</tr>`)}</tbody></table></div>`;
}
