/** Grade-school word problems; the gold is the integer after `####`. */
import type { Benchmark } from '../benchmark.ts';

export const gsm8k: Benchmark = {
  name: 'gsm8k',
  title: 'GSM8K',
  version: '1',
  source: 'https://github.com/openai/grade-school-math',
  licence: 'MIT',
  split: 'test',
  size: 1319,
  answerKind: 'number',
  importer: 'gsm8k',
  citation: 'Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems, arXiv:2110.14168',
};
