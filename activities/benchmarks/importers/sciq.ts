/**
 * SciQ: `{ question, distractor1, distractor2, distractor3, correct_answer, support }`. The options are shuffled by a seed taken
 * from the question, so that the right letter varies, and is the same on every machine. The support text gives answers away.
 */
import { z } from 'zod';
import { createRandom } from '../../dataset/random.ts';
import { writeChoices } from './choices.ts';
import { createImporter } from './importer.ts';

const option = z.string().trim().min(1);
const row = z.object({
  question: z.string().min(1),
  distractor1: option,
  distractor2: option,
  distractor3: option,
  correct_answer: option,
});

export const sciq = createImporter(row, (given) => {
  const { question, correct_answer: right, distractor1, distractor2, distractor3 } = given;
  const wrong = [distractor1, distractor2, distractor3];
  if (wrong.includes(right)) throw new Error('correct_answer: it is one of the distractors, too');
  const options = createRandom(`sciq/${question.trim()}`).shuffle([right, ...wrong]);
  return writeChoices(question, options, String.fromCharCode(65 + options.indexOf(right)));
});
