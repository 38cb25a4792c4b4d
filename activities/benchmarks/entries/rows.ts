/** Rows in MAS-GPT's pool format (`query`, `gt`, `tag`, `source`; `test` and `entry_point` or `test_cases` for code). */
import type { Benchmark } from '../benchmark.ts';

export const rows: Benchmark = {
  name: 'rows',
  title: 'Rows of one file',
  version: '1',
  source: 'the file that was imported',
  licence: 'as the file states',
  split: '',
  answerKind: 'mixed',
  importer: 'rows',
  citation: 'Ye et al. 2025, MAS-GPT: Training LLMs to Build LLM-based Multi-Agent Systems, arXiv:2503.03686',
};
