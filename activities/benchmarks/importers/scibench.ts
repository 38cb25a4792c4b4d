/** SciBench: `{ problem_text, answer_number, unit, source }`; the unit field carries the unit and the power of ten. */
import { z } from 'zod';
import { createImporter } from './importer.ts';

const row = z.object({
  problem_text: z.string().min(1),
  answer_number: z.union([z.string(), z.number()]).transform((value) => String(value).trim()),
  unit: z.string().default(''),
  source: z.string().default(''),
});

/** Relative tolerance of the paper: 5 %. */
const relativeTolerance = 0.05;

export const scibench = createImporter(
  row,
  ({ problem_text: problem, answer_number: value, unit: given, source }) => {
    if (value === '') throw new Error('answer_number is empty');
    const unit = given.trim();
    const asked = unit === '' ? '' : `\n\nGive the answer as a number in the unit ${unit}.`;
    return {
      text: `${problem.trim()}${asked}`,
      subject: source,
      gold: { kind: 'number', value, relativeTolerance, ...(unit === '' ? {} : { unit }) },
    };
  },
);
