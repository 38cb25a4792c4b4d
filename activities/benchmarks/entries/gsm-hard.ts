/** GSM8K's test questions with larger, less common numbers; the gold is a float that upstream's program computed. */
import type { Benchmark } from '../benchmark.ts';

export const gsmHard: Benchmark = {
  name: 'gsm-hard',
  title: 'GSM-Hard',
  version: '1',
  source: 'https://huggingface.co/datasets/reasoning-machines/gsm-hard',
  licence: 'MIT',
  split: 'test',
  size: 1319,
  answerKind: 'number',
  /** Of golds that are not whole; whole ones compare exactly. */
  relativeTolerance: 1e-3,
  importer: 'gsm-hard',
  citation: 'Gao et al. 2022, PAL: Program-aided Language Models, arXiv:2211.10435',
};
