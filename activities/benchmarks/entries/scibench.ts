/** College science problems; a number whose power of ten stands in the `unit` field; 5 % relative tolerance as upstream. */
import type { Benchmark } from '../benchmark.ts';

export const scibench: Benchmark = {
  name: 'scibench',
  title: 'SciBench',
  version: '1',
  source: 'https://github.com/mandyyyyii/scibench',
  licence: 'MIT',
  split: 'test',
  answerKind: 'number',
  relativeTolerance: 0.05,
  importer: 'scibench',
  citation:
    'Wang et al. 2023, SciBench: Evaluating College-Level Scientific Problem-Solving, arXiv:2307.10635',
};
