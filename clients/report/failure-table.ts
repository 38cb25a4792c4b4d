/** What went wrong, by kind and system: executions without an answer by their failure, then answers that were wrong. */
import type { ReportData, ReportItem } from '../../workflows/evaluation/report-data.ts';
import { count } from './figures.ts';
import { type Markup, markup } from './markup.ts';

const meanings = new Map(
  Object.entries({
    syntax: 'the program does not parse',
    shape: 'no class MAS with forward()',
    raised: 'the program raised an exception',
    noAnswer: 'the program returned no text',
    exited: 'the program ended itself',
    answerTooLarge: 'the answer is too large',
    computeLimit: 'computed for too long',
    totalLimit: 'took too long in all',
    memoryLimit: 'used too much memory',
    callLimit: 'made too many LLM calls',
    codeLimit: 'ran code too often',
    tokenLimit: 'used up its tokens',
    costLimit: 'used up its money',
    protocol: 'broke the sandbox protocol',
    badCall: 'made a call that is refused',
    infraFailed: 'infrastructure failed; a new start tries again',
    budget: 'not run: the budget was spent',
    generation: 'the generator wrote no usable program',
  }),
);

export function failureTable(data: ReportData): Markup {
  const systems = data.systems.map((system) => system.id);
  const kinds = countBy(data.items, (item) => kindOf(item));
  if (kinds.size === 0) return markup`<p>Every item was answered, and every answer was right.</p>`;
  const cells = countBy(data.items, (item) => `${kindOf(item) ?? ''} ${item.system}`);
  const ordered = [...kinds.keys()].toSorted(
    (a, b) => rank(a) - rank(b) || (kinds.get(b) ?? 0) - (kinds.get(a) ?? 0),
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Failures by kind"><table>
<caption>Executions that did not solve their item, by kind.</caption>
<thead><tr><th scope="col">Kind<th scope="col">Meaning${systems.map((system) => markup`<th scope="col" class="n">${system}`)}<th scope="col" class="n">All</thead>
<tbody>${ordered.map(
    (
      kind,
    ) => markup`<tr><th scope="row">${kind}<td>${meanings.get(kind) ?? graded.get(kind) ?? ''}${systems.map(
      (system) => markup`<td class="n">${zeroAsDash(cells.get(`${kind} ${system}`))}`,
    )}<td class="n">${count(kinds.get(kind) ?? 0)}</tr>
`,
  )}</tbody></table></div>`;
}

const graded = new Map(
  Object.entries({
    wrong: 'answered, and the grader says no',
    'not found': 'answered, but no answer could be extracted',
    partial: 'answered, partly right',
  }),
);

function kindOf(item: ReportItem): string | undefined {
  if (item.failure !== undefined) return item.failure;
  if (item.score >= 1) return undefined;
  if (item.extracted === null) return 'not found';
  return item.score > 0 ? 'partial' : 'wrong';
}

/** Failures first, graded answers last. */
function rank(kind: string): number {
  return graded.has(kind) ? 1 : 0;
}

function zeroAsDash(value: number | undefined): string {
  return value === undefined ? '–' : count(value);
}

function countBy(
  items: readonly ReportItem[],
  keyOf: (item: ReportItem) => string | undefined,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    if (kindOf(item) === undefined) continue;
    const key = keyOf(item) ?? '';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
