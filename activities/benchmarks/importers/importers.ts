/** The importers by the name that a benchmark's entry carries. */
import type { ImporterName } from '../benchmark.ts';
import { aqua } from './aqua.ts';
import { gsm8k } from './gsm8k.ts';
import { gsmHard } from './gsm-hard.ts';
import { humaneval } from './humaneval.ts';
import type { Importer } from './importer.ts';
import { math } from './math.ts';
import { mbpp } from './mbpp.ts';
import { mmlu } from './mmlu.ts';
import { rows } from './rows.ts';
import { scibench } from './scibench.ts';
import { sciq } from './sciq.ts';

export const importers: Readonly<Record<Exclude<ImporterName, 'generated'>, Importer>> = {
  gsm8k,
  'gsm-hard': gsmHard,
  math,
  aqua,
  sciq,
  mmlu,
  scibench,
  humaneval,
  mbpp,
  rows,
};
