/** The flags of `dataset build` that say what is written (workflows/dataset/export-contract.ts). */
import type { ArgsDef } from 'citty';
import type { DatasetRequest } from '../../../workflows/dataset/contract.ts';
import { type ExportFormat, exportFormats } from '../../../workflows/dataset/export-contract.ts';
import { UsageError } from '../errors.ts';
import { oneOf } from '../flag-values.ts';

export const exportArgs = {
  formats: {
    type: 'string',
    description: `Besides the chat rows, by comma: ${exportFormats.join(', ')}; or none, or all`,
    default: 'parquet,completions,rewards',
  },
  validation: {
    type: 'string',
    description: 'Share of the queries that is kept for validation',
    default: '0',
  },
  test: { type: 'string', description: 'Share of the queries that is kept for a test', default: '0' },
  apart: {
    type: 'string',
    description: 'What never stands in two splits: cluster (near-duplicates), group, program',
    default: 'cluster',
  },
  tokenizer: { type: 'string', description: 'Count lengths by this tokenizer of the configuration' },
  published: {
    type: 'string',
    description: 'DATE,URL,CREATOR of the publication, for croissant.json',
    valueHint: '2026-01-31,https://…,name',
  },
} as const satisfies ArgsDef;

type Args = { readonly [name: string]: unknown };

export function exportOf(args: Args): NonNullable<DatasetRequest['export']> {
  const text = (name: keyof typeof exportArgs): string | undefined => args[name] as string | undefined;
  const tokenizer = text('tokenizer');
  return {
    formats: formatsOf(text('formats') ?? exportArgs.formats.default),
    splits: {
      validation: shareOf('--validation', text('validation')),
      test: shareOf('--test', text('test')),
      apart: oneOf('--apart', text('apart') ?? 'cluster', ['cluster', 'group', 'program'] as const),
    },
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...publicationOf(text('published')),
  };
}

/** In the order of the contract, whatever the order of the flag. */
export function formatsOf(list: string): ExportFormat[] {
  if (list === 'none') return [];
  if (list === 'all') return [...exportFormats];
  const named = list.split(',').map((name) => oneOf('--formats', name, exportFormats));
  return exportFormats.filter((format) => named.includes(format));
}

function shareOf(flag: string, text = '0'): number {
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 0.45) return share;
  throw new UsageError(`${flag} ${text}: a share from 0 to 0.45 is expected`);
}

/** The creator may hold commas. */
function publicationOf(text: string | undefined): Pick<NonNullable<DatasetRequest['export']>, 'publication'> {
  if (text === undefined) return {};
  const [date = '', url = '', ...creator] = text.split(',');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || !/^https?:\/\//.test(url) || creator.length === 0)
    throw new UsageError(
      `--published ${text}: DATE,URL,CREATOR is expected, as in 2026-01-31,https://…,name`,
    );
  return { publication: { date, url, creator: creator.join(',') } };
}
