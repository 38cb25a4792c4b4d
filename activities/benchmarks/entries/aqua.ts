/** Algebraic word problems with five options; the gold is a letter. */
import type { Benchmark } from '../benchmark.ts';

export const aqua: Benchmark = {
  name: 'aqua',
  title: 'AQuA-RAT',
  version: '1',
  source: 'https://github.com/google-deepmind/AQuA',
  licence: 'Apache-2.0',
  split: 'test',
  size: 254,
  answerKind: 'choice',
  importer: 'aqua',
  citation: 'Ling et al. 2017, Program Induction by Rationale Generation, arXiv:1705.04146',
};
