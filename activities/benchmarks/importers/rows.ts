/**
 * MAS-GPT-style rows: `{ query, gt, tag, source }`; HumanEval rows add `test` and `entry_point`, MBPP rows `test_cases`. Choice rows
 * carry their options in the query and a letter as gold.
 */
import { z } from 'zod';
import type { Gold } from '../../../workflows/shared/query.ts';
import { createImporter } from './importer.ts';

const row = z.object({
  query: z.string().min(1),
  gt: z.union([z.string(), z.number()]).transform(String).default(''),
  source: z.string().default(''),
  test: z.string().optional(),
  entry_point: z.string().optional(),
  test_cases: z.array(z.string()).optional(),
});
type Row = z.infer<typeof row>;

export const rows = createImporter(row, (given) => ({
  text: given.query,
  subject: given.source,
  gold: goldOf(given),
}));

function goldOf({ query, gt, test, entry_point: entryPoint, test_cases: cases }: Row): Gold {
  if (test !== undefined && entryPoint !== undefined)
    return { kind: 'code', entryPoint, form: 'check', tests: [test], prelude: '' };
  if (cases !== undefined && cases.length > 0) {
    const called = /\b([A-Za-z_]\w*)\s*\(/.exec((cases[0] ?? '').replace(/^assert\b/, ''))?.[1];
    return { kind: 'code', entryPoint: called ?? 'solution', form: 'asserts', tests: cases, prelude: '' };
  }
  const value = gt.trim();
  if (value === '') throw new Error('gt: there is no gold answer, and there are no tests');
  const options = optionsIn(query);
  if (/^\(?[A-Z]\)?$/.test(value) && options.length >= 2) {
    const letter = value.replace(/[()]/g, '');
    if (letter.charCodeAt(0) - 65 >= options.length)
      throw new Error(`gt: option ${letter} is not in the query`);
    return { kind: 'choice', letter, options };
  }
  if (/^[-+]?[\d,]*\.?\d+(e[-+]?\d+)?$/i.test(value)) return { kind: 'number', value };
  return /[\\{}^]/.test(value) ? { kind: 'latex', value } : { kind: 'text', value };
}

/** "A. …", "(A) …" or "A) …", each on a line of its own. */
function optionsIn(query: string): string[] {
  const found = [...query.matchAll(/^\s*\(?([A-Z])[.):]\)?\s+(.+)$/gm)].map(([, letter = '', text = '']) => ({
    letter,
    text,
  }));
  const isRun = found.every(({ letter }, index) => letter === String.fromCharCode(65 + index));
  return isRun ? found.map(({ text }) => text.trim()) : [];
}
