/** Science exam questions with four options, shuffled by question; not for commercial use. */
import type { Benchmark } from '../benchmark.ts';

export const sciq: Benchmark = {
  name: 'sciq',
  title: 'SciQ',
  version: '1',
  source: 'https://huggingface.co/datasets/allenai/sciq',
  licence: 'CC-BY-NC-3.0',
  split: 'test',
  size: 1000,
  answerKind: 'choice',
  importer: 'sciq',
  citation: 'Welbl et al. 2017, Crowdsourcing Multiple Choice Science Questions, arXiv:1707.06209',
};
