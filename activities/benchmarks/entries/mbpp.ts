/** Short Python functions from a sentence and an example; graded by upstream's asserts in the sandbox. */
import type { Benchmark } from '../benchmark.ts';

export const mbpp: Benchmark = {
  name: 'mbpp',
  title: 'MBPP',
  version: '1',
  source: 'https://github.com/google-research/google-research/tree/master/mbpp',
  licence: 'CC-BY-4.0',
  split: 'test',
  size: 500,
  answerKind: 'code',
  importer: 'mbpp',
  citation: 'Austin et al. 2021, Program Synthesis with Large Language Models, arXiv:2108.07732',
};
