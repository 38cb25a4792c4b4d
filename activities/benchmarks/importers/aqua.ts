/** AQuA: `{ question, options: ["A)…"], correct }`; options keep their order, their labels are taken off. */
import { z } from 'zod';
import { writeChoices } from './choices.ts';
import { createImporter, listOf } from './importer.ts';

const row = z.object({
  question: z.string().min(1),
  options: listOf(z.string()),
  correct: z.string().regex(/^[A-Z]$/),
});

export const aqua = createImporter(row, ({ question, options, correct }) => {
  return writeChoices(
    question,
    options.map((option) => option.replace(/^\s*\(?[A-Z]\)\s*/, '').trim()),
    correct,
  );
});
