/**
 * MMLU: CSV without a header (question, A, B, C, D, answer letter) in one file per subject, `abstract_algebra_test.csv`, alone or in a
 * directory; or rows `{ question, subject, choices, answer }` with the answer's index, as hubs store them.
 */
import { posix } from 'node:path';
import { z } from 'zod';
import { writeChoices } from './choices.ts';
import { createImporter, listOf } from './importer.ts';

const row = z.object({
  question: z.string().min(1),
  choices: listOf(z.string()).optional(),
  A: z.string().optional(),
  B: z.string().optional(),
  C: z.string().optional(),
  D: z.string().optional(),
  answer: z.union([z.int().nonnegative(), z.string().trim()]),
  subject: z.string().optional(),
});

export const mmlu = createImporter(
  row,
  ({ question, choices, answer, subject, A, B, C, D }, file) => {
    const options = choices ?? [A, B, C, D].filter((option) => option !== undefined);
    if (options.length < 2) throw new Error('there are fewer than two options');
    return {
      ...writeChoices(question, options, letterOf(answer)),
      subject: subject || subjectIn(file),
    };
  },
  { positional: ['question', 'A', 'B', 'C', 'D', 'answer'], directory: true },
);

function letterOf(answer: string | number): string {
  if (typeof answer === 'string' && /^[A-Z]$/.test(answer)) return answer;
  const index = Number(answer);
  if (answer === '' || !Number.isInteger(index) || index < 0 || index > 25)
    throw new Error(`answer: "${String(answer).slice(0, 20)}" is neither a letter nor an index`);
  return String.fromCharCode(65 + index);
}

/** "" for files of all subjects, such as `test-00000-of-00001.parquet` or `mmlu.jsonl`. */
function subjectIn(file: string): string {
  return /^(\w+?)_(?:test|val|dev)\b/.exec(posix.basename(file))?.[1] ?? '';
}
