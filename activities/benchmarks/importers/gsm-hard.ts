/**
 * GSM-Hard: `{ input, code, target }`. The target is a float that a program computed: negative, with a fraction, near 1e-6 as well
 * as in the millions. Whole targets compare exactly; others within the relative tolerance, since models round.
 */
import { z } from 'zod';
import { createImporter } from './importer.ts';

const row = z.object({
  input: z.string().min(1),
  target: z.union([z.number(), z.string().trim().min(1)]),
});

/** Three digits: half a cent of five dollars, one of the last digits of 1.7e-6 as people write it. */
const relativeTolerance = 1e-3;

export const gsmHard = createImporter(row, ({ input, target }) => {
  const value = Number(target);
  if (!Number.isFinite(value)) throw new Error(`target: "${String(target).slice(0, 40)}" is not a number`);
  return {
    text: input,
    gold: {
      kind: 'number',
      value: String(Object.is(value, -0) ? 0 : value),
      ...(Number.isInteger(value) ? {} : { relativeTolerance }),
    },
  };
});
