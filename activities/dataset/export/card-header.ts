/** The YAML header of the dataset card (huggingface.co/docs/hub/datasets-cards): licence, size, and which files are which split. */
import { fileOfSplit, splitNames } from '../../../workflows/dataset/export-contract.ts';
import { yamlString } from '../../../workflows/shared/encode/yaml.ts';
import type { CardInput } from '../card.ts';
import { licenceOf, strictest } from './licences.ts';

/** `license` is the strictest of the sources'. */
export function cardHeader(input: CardInput, simulated: boolean): string {
  const { rowsOf, queries } = input;
  const licence = strictest(queries.map(({ licence: stated }) => stated));
  const tags = ['masgpt-temporal', 'multi-agent-systems', ...(simulated ? ['simulated'] : [])];
  return [
    '---',
    `pretty_name: ${yamlString(input.name)}`,
    `license: ${yamlString(licenceOf(licence ?? '').hubId)}`,
    'language:',
    `- ${yamlString('en')}`,
    'task_categories:',
    `- ${yamlString('text-generation')}`,
    'size_categories:',
    `- ${yamlString(sizeCategory(rowsOf.train + rowsOf.validation + rowsOf.test))}`,
    'tags:',
    ...tags.map((tag) => `- ${yamlString(tag)}`),
    ...configs(input),
    '---',
  ].join('\n');
}

function sizeCategory(rows: number): string {
  if (rows < 1_000) return 'n<1K';
  if (rows < 10_000) return '1K<n<10K';
  return rows < 100_000 ? '10K<n<100K' : '100K<n<1M';
}

const configFiles = {
  chat: 'sft.jsonl',
  completions: 'completions.jsonl',
  preferences: 'preferences.jsonl',
  unpaired: 'unpaired.jsonl',
} as const;

/** One per format that is there; a split without rows has no file to load. */
function configs({ files }: CardInput): string[] {
  const found = Object.entries(configFiles).flatMap(([config, file]) => {
    const splits = splitNames.filter((split) => (files[fileOfSplit(file, split)]?.rows ?? 0) > 0);
    if (splits.length === 0) return [];
    return [
      `- config_name: ${yamlString(config)}`,
      ...(config === 'chat' ? ['  default: true'] : []),
      '  data_files:',
      ...splits.flatMap((split) => [
        `  - split: ${yamlString(split)}`,
        `    path: ${yamlString(fileOfSplit(file, split))}`,
      ]),
    ];
  });
  return found.length === 0 ? [] : ['configs:', ...found];
}
