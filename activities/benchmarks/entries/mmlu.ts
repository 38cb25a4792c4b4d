/** Questions of 57 subjects with four options, in upstream's order. */
import type { Benchmark } from '../benchmark.ts';

export const mmlu: Benchmark = {
  name: 'mmlu',
  title: 'MMLU',
  version: '1',
  source: 'https://github.com/hendrycks/test',
  licence: 'MIT',
  split: 'test',
  size: 14042,
  answerKind: 'choice',
  importer: 'mmlu',
  citation: 'Hendrycks et al. 2021, Measuring Massive Multitask Language Understanding, arXiv:2009.03300',
};
