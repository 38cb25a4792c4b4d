/** Competition problems with worked solutions; the gold is LaTeX, compared by symbolic equivalence. */
import type { Benchmark } from '../benchmark.ts';

export const math: Benchmark = {
  name: 'math',
  title: 'MATH',
  version: '1',
  source: 'https://github.com/hendrycks/math',
  licence: 'MIT',
  split: 'test',
  size: 5000,
  answerKind: 'latex',
  importer: 'math',
  citation:
    'Hendrycks et al. 2021, Measuring Mathematical Problem Solving With the MATH Dataset, arXiv:2103.03874',
};
