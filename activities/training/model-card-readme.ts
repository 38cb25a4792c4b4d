/** A model's card as the Hub reads it (huggingface.co/docs/hub/model-cards): YAML header and Markdown. Pure; every foreign text is encoded. */
import { cell } from '../../workflows/shared/encode/markdown.ts';
import { visibleText } from '../../workflows/shared/encode/visible-text.ts';
import { yamlString } from '../../workflows/shared/encode/yaml.ts';
import { licenceOf } from '../dataset/export/licences.ts';
import { table } from '../dataset/export/card-table.ts';
import type { ModelCard } from './model-card.ts';

/** The most interesting ones: a run of weeks has more. */
const maxRows = 100;

export function modelCardReadme(card: ModelCard): string {
  const { run, simulated, result, dataset, recipe, time, versions } = card;
  const parts = [
    header(card),
    `# ${cell(run)}`,
    'A generator of multi-agent programs: for a query it writes one Python program, by the MAS-GPT method.',
    ...(simulated
      ? [
          '> **Simulated.** The scores by which the training rows were chosen come from the simulated driver. They, and every figure that follows from them, say nothing about a real model.',
        ]
      : []),
    table(
      ['what', 'value'],
      [
        ['model (sha256)', card.artefact],
        ['begins with', card.baseModel?.name ?? 'random weights, or as its command decides'],
        ...(card.baseModel ? [['its files (sha256)', card.baseModel.sha256 ?? 'unknown']] : []),
        ['steps', result.steps],
        ['loss of the last logged step', result.finalLoss ?? 'none was told'],
        ['attempts', result.attempts],
        ['time from first start to last end', seconds(time.wallS)],
        ['of it without a trainer', seconds(time.withoutTrainerS)],
        ['steps made again', time.stepsMadeAgain],
        ['seed', card.seed],
        ['launcher', card.launcher],
      ],
    ),
    '## Data',
    table(
      ['what', 'value'],
      [
        ['dataset', dataset.name],
        ['rows', dataset.rows],
        ['sha256 of its rows', dataset.sha256],
        ['sha256 of its manifest', dataset.manifestSha256 ?? 'unknown'],
        ['licence', dataset.licence ?? 'none is stated'],
      ],
    ),
    dataset.input === null
      ? 'What it was built from is no longer on record.'
      : 'To build it again, give `masgpt dataset build`, or the typed client, what stands under `dataset.input` in model-card.json.',
    '## Recipe',
    `\`${cell(recipe.name)}\`, as it was at the start; its sha256 is ${recipe.sha256}.`,
    fenced(JSON.stringify(recipe.content, null, 2)),
    ...checkpointParts(card),
    '## Attempts',
    table(
      ['attempt', 'host', 'from step', 'to step', 'began (UTC)', 'end', 'cause'],
      latest(card.attempts).map((attempt) => [
        ...[attempt.epoch, attempt.host, attempt.fromStep, attempt.toStep ?? 'unknown'],
        ...[attempt.startedAt.slice(0, 19), attempt.class ?? 'none', attempt.cause ?? ''],
      ]),
    ),
    '## Environment',
    table(['package', 'version'], Object.entries(versions)),
    'On CPUs, in fp32, the same dataset, recipe, seed and versions give the same weights, bit for bit, however often a run was interrupted.',
  ];
  return `${parts.join('\n\n')}\n`;
}

function header({ licence, baseModel, dataset, simulated, recipe }: ModelCard): string {
  const tags = ['masgpt-temporal', 'multi-agent-systems', 'trl', ...(simulated ? ['simulated'] : [])];
  return [
    '---',
    `license: ${yamlString(licenceOf(licence ?? '').hubId)}`,
    ...(baseModel?.hubId ? [`base_model: ${yamlString(baseModel.hubId)}`] : []),
    'datasets:',
    `- ${yamlString(dataset.name)}`,
    'language:',
    `- ${yamlString('en')}`,
    `pipeline_tag: ${yamlString('text-generation')}`,
    ...(recipe.content.kind === 'sft' ? [`library_name: ${yamlString('transformers')}`] : []),
    'tags:',
    ...tags
      .filter((tag) => tag !== 'trl' || recipe.content.kind === 'sft')
      .map((tag) => `- ${yamlString(tag)}`),
    '---',
  ].join('\n');
}

function checkpointParts({ checkpoints }: ModelCard): string[] {
  const names = [...new Set(checkpoints.flatMap(({ metrics }) => Object.keys(metrics)))].slice(0, 8);
  if (checkpoints.length === 0) return [];
  return [
    '## Checkpoints and figures',
    'As the trainer told them up to each checkpoint.',
    table(
      ['step', 'attempt', 'state', 'bytes', ...names],
      latest(checkpoints).map(({ step, epoch, state, bytes, metrics }) => [
        ...[step, epoch, state, bytes],
        ...names.map((name) => metrics[name] ?? ''),
      ]),
    ),
  ];
}

const latest = <T>(rows: readonly T[]): readonly T[] => rows.slice(-maxRows);

const seconds = (value: number): string => `${value.toFixed(1)} s`;

/** JSON holds no fence of its own once its backticks are written as escapes. */
function fenced(json: string): string {
  return `\`\`\`json\n${visibleText(json).replaceAll('`', '\\u0060')}\n\`\`\``;
}
