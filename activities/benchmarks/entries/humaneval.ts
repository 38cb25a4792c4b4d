/** Python functions from docstrings; graded by the upstream's `check(entry_point)` in the sandbox. */
import type { Benchmark } from '../benchmark.ts';

export const humaneval: Benchmark = {
  name: 'humaneval',
  title: 'HumanEval',
  version: '1',
  source: 'https://github.com/openai/human-eval',
  licence: 'MIT',
  split: 'test',
  size: 164,
  answerKind: 'code',
  importer: 'humaneval',
  citation: 'Chen et al. 2021, Evaluating Large Language Models Trained on Code, arXiv:2107.03374',
};
