/**
 * The dataset card: what is in the dataset, how each row came about, and what is known to be weak. Deterministic Markdown below a
 * YAML header as hubs read it. It holds no name of the run, no time and no cost, so that the same dataset has the same card.
 */
import { cell } from '../../workflows/shared/encode/markdown.ts';
import type { ExportInput } from '../../workflows/dataset/contract.ts';
import type { ExportOptions, SplitName } from '../../workflows/dataset/export-contract.ts';
import type { Race } from '../../workflows/dataset/selection-contract.ts';
import type { SelectionReport } from '../../workflows/dataset/selection-report.ts';
import { cardHeader } from './export/card-header.ts';
import { measuredParts } from './export/card-measures.ts';
import type { LabelPrecision } from './export/label-precision.ts';
import type { Lengths } from './export/lengths.ts';
import { refinementParts } from './export/card-refinement.ts';
import { selectionParts } from './export/card-selection.ts';
import { sourceParts } from './export/card-sources.ts';
import { table } from './export/card-table.ts';
import type { PoolReport } from './query-pool/pool-report.ts';
import { refinePromptHashes } from './prompts/refine.ts';
import type { FinalQuery } from './selection.ts';
import { summariseFinals } from './summarise-finals.ts';

/** A query pool with what it was cleared of, or a source that was taken as it is. */
export type Origin =
  | { readonly kind: 'source'; readonly source: string }
  | {
      readonly kind: 'pool';
      readonly pool: string;
      readonly sha256: string;
      /** Null: the pool's report is no longer stored. */
      readonly report: Pick<PoolReport, 'against' | 'heldOut' | 'settings'> | null;
    };

export interface CardFile {
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number | null;
}

export type CardInput = Omit<ExportInput, 'finals' | 'run'> & {
  /** Of the content: the same dataset has the same name. */
  readonly name: string;
  readonly queries: readonly { readonly source: string; readonly licence: string }[];
  /** Where the queries were taken from. */
  readonly origins: readonly Origin[];
  /** Null: the selection was made by a release that wrote none. */
  readonly selectionReport: Pick<SelectionReport, 'overall' | 'permutation' | 'crossFit'> | null;
  readonly finals: readonly FinalQuery[];
  readonly models: readonly {
    readonly role: string;
    readonly model: string;
    readonly revision: string;
    readonly simulated: boolean;
  }[];
  readonly options: ExportOptions;
  readonly files: Readonly<Record<string, CardFile>>;
  /** Rows of the chat files. */
  readonly rowsOf: Readonly<Record<SplitName, number>>;
  /** Units that were shared out among the splits. */
  readonly units: number;
  readonly precision: LabelPrecision;
  readonly lengths: Lengths;
  readonly promptHash: string;
};

export function writeCard(input: CardInput): string {
  const simulated = input.models.some((model) => model.simulated);
  return `${[
    cardHeader(input, simulated),
    `# Dataset ${cell(input.name)}`,
    simulated
      ? '**Simulated**: scores, programs and reasoning come from simulated models. The dataset shows that the pipeline works, not what a real model can learn from it.'
      : '',
    `Chat rows for supervised fine-tuning of a generator: system prompt and query in, reasoning and a multi-agent program out. Format: one JSON object \`{ "messages": [...] }\` per line.`,
    ...countParts(input),
    ...sourceParts(input),
    ...selectionParts(input),
    ...measuredParts(input),
    ...settingParts(input),
    ...limitParts(input, simulated),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function countParts(input: CardInput): string[] {
  const { plan, dropped, refinement, rowsOf } = input;
  return [
    '## Counts',
    table(
      ['what', 'count'],
      [
        ['rows', rowsOf.train + rowsOf.validation + rowsOf.test],
        ['distinct programs', summariseFinals(input.finals).uniquePrograms],
        ['queries', plan.queries],
        ['queries dropped: no final program solves them', dropped],
        ...(plan.unusable
          ? ([
              ['queries left out: without a gold', plan.unusable.withoutGold],
              ['queries left out: the same text has several golds', plan.unusable.conflicts],
            ] as const)
          : []),
        ...(plan.leftOut
          ? [['queries left out: the matrix was stopped', plan.leftOut.queries] as const]
          : []),
        ['executions of the score matrix', plan.cells],
        ...(plan.raced ? [['executions that its race left out', plan.raced.of - plan.cells] as const] : []),
        ['adaptations tried', refinement.tried],
        ['adaptations accepted', refinement.accepted],
        ['rows with the base program', refinement.kept],
      ],
    ),
    ...refinementParts(input.finals, refinement),
    '## Files',
    table(
      ['file', 'rows', 'bytes', 'sha256'],
      Object.entries(input.files).map(([name, { rows, bytes, sha256 }]) => [name, rows ?? '', bytes, sha256]),
    ),
  ];
}

function settingParts({ input, models, options, promptHash }: CardInput): string[] {
  const { switches, refinement } = input;
  const { splits } = options;
  return [
    '## Settings',
    table(
      ['setting', 'value'],
      [
        ['inter-consistency', switches.interConsistency],
        ['adaptation', switches.adaptation],
        ['reasoning', switches.reasoning],
        ...(switches.interConsistency
          ? []
          : [['without inter-consistency', switches.withoutInterConsistency] as const]),
        ['group by', input.groupBy],
        ['repeats', input.repeats],
        ...(input.selection.race ? [['race', raceOf(input.selection.race)] as const] : []),
        ['tries of the refiner', refinement.tries],
        ['unsolved queries are dropped', refinement.dropUnsolved],
        ['seed', input.seed],
        ['splits', `validation ${splits.validation}, test ${splits.test}, apart by ${splits.apart}`],
        ...models.map(
          ({ role, model, revision, simulated }) =>
            [role, `${model} at ${revision}${simulated ? ' (simulated)' : ''}`] as const,
        ),
        ...Object.entries(refinePromptHashes).map(([name, hash]) => [`prompt ${name}`, hash] as const),
        ['prompt generation', promptHash],
      ],
    ),
  ];
}

function limitParts({ input, options, precision }: CardInput, simulated: boolean): string[] {
  const { formats } = options;
  const limits = [
    ...(simulated ? ['Models were simulated: no figure here says anything about real ones.'] : []),
    `With ${input.repeats} repeat${input.repeats === 1 ? '' : 's'} per execution the mean score of a selected program is optimistic: the best of many noisy scores is partly luck.`,
    ...(precision.estimate === null
      ? [
          'One repeat says nothing about how often a row holds on a fresh draw: `masgpt dataset verify` measures it.',
        ]
      : []),
    ...(input.selection.race
      ? [
          'Programs raced: one that could hardly lead its group any more was executed on no further query. Its score rests on fewer queries, its cells are missing from rewards, preference and unpaired rows, and the choice may lie up to the tolerance below that of the full matrix.',
        ]
      : []),
    'Scores are those of the drivers above; with another driver another program may be best.',
    'Graders compare final answers: a right answer by a wrong way counts as right.',
    ...(formats.includes('preferences') || formats.includes('unpaired')
      ? [
          'Preference and unpaired rows hold programs of the pool without reasoning, and their scores rest on the repeats of the matrix alone.',
        ]
      : []),
    ...(options.publication
      ? []
      : [
          'It was not published when this was written: croissant.json lacks url, creator and datePublished, which its standard requires.',
        ]),
    'Times, costs and retries of the build are in run.json, which is no part of the manifest.',
  ];
  return ['## Known limits', limits.map((limit) => `- ${limit}`).join('\n')];
}

function raceOf({ alpha, tolerance, looks, leastQueries }: Race): string {
  return `alpha ${alpha}, tolerance ${tolerance}, ${looks} looks, the first after ${leastQueries} queries or more`;
}
