/** Flags of `dataset build` for grouping and selection. */
import { groupBySchema } from '../../../workflows/dataset/selection-contract.ts';
import type { DatasetRequest } from '../../../workflows/dataset/contract.ts';
import { UsageError } from '../errors.ts';
import { oneOf, wholeNumber } from '../flag-values.ts';

export const selectionArgs = {
  'group-by': {
    type: 'string',
    description: 'source, subject or embedding: which queries are alike',
    default: 'subject',
  },
  groups: { type: 'string', description: 'Of --group-by embedding: auto, or their number', default: 'auto' },
  embedder: {
    type: 'string',
    description: 'Of --group-by embedding: minilm (local), or a model whose endpoint has /embeddings',
    default: 'minilm',
  },
  select: {
    type: 'string',
    description: "best: the group's highest score; cheapest: the cheapest within one standard error of it",
    default: 'best',
  },
  'cross-fit': {
    type: 'string',
    description: 'queries, repeats or off: which halves choose and score, for an honest estimate',
    default: 'queries',
  },
  leaders: {
    type: 'string',
    description: 'COUNT:REPEATS[:ROUNDS], as 4:2: so many further repeats for so many leading programs',
  },
  race: {
    type: 'boolean',
    description: 'Adaptive matrix: programs that cannot lead their group any more are not executed further',
  },
} as const;

type Args = { readonly [name: string]: unknown };

export function selectionOf(args: Args): Pick<DatasetRequest, 'groupBy' | 'grouping' | 'selection'> {
  const text = (name: string): string | undefined => args[name] as string | undefined;
  const groups = text('groups') ?? 'auto';
  const rule = text('select') ?? 'best';
  if (!['best', 'cheapest'].includes(rule))
    throw new UsageError(`--select ${rule}: best or cheapest is expected`);
  const leaders = leadersOf(text('leaders'));
  return {
    groupBy: oneOf('--group-by', text('group-by') ?? 'subject', groupBySchema.options),
    grouping: {
      k: groups === 'auto' ? 'auto' : wholeNumber('--groups', groups, 1),
      embedder: text('embedder'),
    },
    selection: {
      rule: rule === 'best' ? 'best' : 'cheapestWithinOneError',
      crossFit: oneOf('--cross-fit', text('cross-fit') ?? 'queries', ['queries', 'repeats', 'off'] as const),
      ...(leaders === undefined ? {} : { leaders }),
      ...(args['race'] === true ? { race: {} } : {}),
    },
  };
}

function leadersOf(text: string | undefined) {
  if (text === undefined) return undefined;
  const parts = text.split(':');
  const [count, extraRepeats, rounds = 1] = parts.map((part) => wholeNumber('--leaders', part, 1));
  if (count === undefined || extraRepeats === undefined || parts.length > 3)
    throw new UsageError(`--leaders ${text}: COUNT:REPEATS or COUNT:REPEATS:ROUNDS is expected, as 4:2`);
  return { count, extraRepeats, rounds };
}
