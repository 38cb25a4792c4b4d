/**
 * MATH: `{ problem, solution, level, type }` (hubs also write `subject` and `answer`), JSON lines, parquet, or upstream's directory
 * with one JSON file per problem. The gold is the content of the solution's last \boxed{…}; the level is "1" to "5" or "?".
 */
import { z } from 'zod';
import { lastBoxed } from '../graders/marked-answer.ts';
import { createImporter } from './importer.ts';

const row = z.object({
  problem: z.string().min(1),
  solution: z.string().default(''),
  answer: z.string().optional(),
  level: z.union([z.string(), z.number()]).transform(String).default(''),
  type: z.string().optional(),
  subject: z.string().optional(),
});

export const math = createImporter(
  row,
  ({ problem, solution, answer, level, type, subject }) => {
    const value = lastBoxed(solution) ?? spaced(solution) ?? answer?.trim();
    if (value === undefined || value === '')
      throw new Error('solution: there is no closed \\boxed{…} with a text in it');
    const short = level.replace(/^\s*level\s*/i, '').trim();
    return {
      text: problem,
      subject: type ?? subject ?? '',
      gold: { kind: 'latex', value },
      ...(short === '' ? {} : { level: short }),
    };
  },
  { directory: true },
);

/** Some solutions write "\boxed 5" and "\boxed\frac…": TeX then boxes what follows; only a plain token is taken. */
function spaced(solution: string): string | undefined {
  return [...solution.matchAll(/\\boxed\s+(\w+)/g)].at(-1)?.[1];
}
