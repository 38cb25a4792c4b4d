/** GSM8K: `{ question, answer }`; the gold is the number after `####`. */
import { z } from 'zod';
import { createImporter } from './importer.ts';

const row = z.object({ question: z.string().min(1), answer: z.string() });

export const gsm8k = createImporter(row, ({ question, answer }) => {
  const value = answer.split('####').at(1)?.trim();
  if (!value) throw new Error('answer: there is no number after ####');
  return { text: question, gold: { kind: 'number', value } };
});
