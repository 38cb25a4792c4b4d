/** HumanEval: `{ task_id, prompt, entry_point, test, canonical_solution }`; the prompt holds imports, helpers and the stub. */
import { z } from 'zod';
import { createImporter } from './importer.ts';

const row = z.object({
  task_id: z.string(),
  prompt: z.string().min(1),
  entry_point: z.string().regex(/^[A-Za-z_]\w*$/),
  test: z.string().min(1),
  canonical_solution: z.string().optional(),
});

export const humaneval = createImporter(
  row,
  ({ prompt, entry_point: entryPoint, test, canonical_solution: solution }) => {
    return {
      text: `Complete the following Python function. Give the whole function, with its imports, in one \`\`\`python block.\n\n${prompt.trimEnd()}`,
      gold: {
        kind: 'code',
        entryPoint,
        form: 'check',
        tests: [test],
        prelude: prompt,
        ...(solution === undefined ? {} : { reference: `${prompt}${solution}` }),
      },
    };
  },
);
