/** The dataset card: what is in the dataset, how each row came about, and what is known to be weak. Deterministic Markdown. */
import { cell } from '../../workflows/shared/encode/markdown.ts';
import type { ExportInput } from '../../workflows/dataset/contract.ts';
import { refinePromptHashes } from './prompts/refine.ts';
import type { FinalQuery } from './selection.ts';

export type CardInput = Omit<ExportInput, 'finals'> & {
  readonly queries: readonly { readonly source: string; readonly licence: string }[];
  readonly finals: readonly FinalQuery[];
  readonly models: readonly {
    readonly role: string;
    readonly model: string;
    readonly revision: string;
    readonly simulated: boolean;
  }[];
  readonly rows: number;
};

export function writeCard(input: CardInput): string {
  const { rows, dropped, plan, selection, refinement, models } = input;
  const simulated = models.some((model) => model.simulated);
  const programs = new Set(input.finals.flatMap(({ final }) => (final ? [final.program.sha256] : [])));
  const { interConsistency, adaptation, reasoning } = input.input.switches;
  return `${[
    `# Dataset ${cell(input.run)}`,
    simulated
      ? '**Simulated**: scores, programs and reasoning come from simulated models. The dataset shows that the pipeline works, not what a real model can learn from it.'
      : '',
    `Chat rows for supervised fine-tuning of a generator: system prompt and query in, reasoning and a multi-agent program out. Format: one JSON object \`{ "messages": [...] }\` per line.`,
    '## Counts',
    table(
      ['what', 'count'],
      [
        ['rows', rows],
        ['distinct programs', programs.size],
        ['queries', plan.queries],
        ['queries dropped: no final program solves them', dropped],
        ['executions of the score matrix', plan.cells],
        ['adaptations tried', refinement.tried],
        ['adaptations accepted', refinement.accepted],
        ['rows with the base program', refinement.kept],
      ],
    ),
    'Why the base program was kept:',
    table(
      ['reason', 'rows'],
      countBy(input.finals.flatMap(({ final, kept }) => (final && kept ? [kept] : []))),
    ),
    '## Sources',
    table(['source', 'licence', 'queries'], sourcesOf(input)),
    '## Selection',
    interConsistency
      ? 'Queries of a group share one program.'
      : 'Inter-consistency was off: each query has some program that solved it. The best of each group, for comparison:',
    table(
      ['group', 'queries', 'program', 'mean score'],
      selection.groups.map(({ group, queries, program, meanScore }) => [
        group,
        queries,
        program || 'none solved any',
        meanScore.toFixed(3),
      ]),
    ),
    `One run per cell picks noise where programs are close: with ${input.input.repeats} repeat${input.input.repeats === 1 ? '' : 's'} the mean score of a selected program is optimistic.`,
    '## Settings',
    table(
      ['setting', 'value'],
      [
        ['inter-consistency', interConsistency],
        ['adaptation', adaptation],
        ['reasoning', reasoning],
        ['group by', input.input.groupBy],
        ['repeats', input.input.repeats],
        ['seed', input.input.seed],
        ...models.map(({ role, model, revision }) => [role, `${model} at ${revision}`] as const),
        ...Object.entries(refinePromptHashes).map(([name, hash]) => [`prompt ${name}`, hash] as const),
      ],
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

type Value = string | number | boolean;

function table(head: readonly string[], rows: readonly (readonly Value[])[]): string {
  const line = (values: readonly Value[]): string =>
    `| ${values.map((value) => cell(String(value))).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function sourcesOf({ queries }: CardInput): Value[][] {
  const counts = countBy(
    queries.map(({ source, licence }) => JSON.stringify([source, licence || 'not stated'])),
  );
  return counts.map(([key, count]) => [...(JSON.parse(key) as string[]), count]);
}

function countBy(keys: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
