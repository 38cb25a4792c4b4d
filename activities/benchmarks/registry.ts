/** The benchmarks that inputs may name. A new one is a file in entries/ and a line here. */
import { failure } from '../failure.ts';
import type { Benchmark } from './benchmark.ts';
import { aqua } from './entries/aqua.ts';
import { generatedTest, generatedTrain } from './entries/generated.ts';
import { gsmHard } from './entries/gsm-hard.ts';
import { gsm8k } from './entries/gsm8k.ts';
import { humaneval } from './entries/humaneval.ts';
import { math } from './entries/math.ts';
import { mbpp } from './entries/mbpp.ts';
import { mmlu } from './entries/mmlu.ts';
import { rows } from './entries/rows.ts';
import { scibench } from './entries/scibench.ts';
import { sciq } from './entries/sciq.ts';

export const benchmarks: readonly Benchmark[] = [
  gsm8k,
  humaneval,
  scibench,
  aqua,
  math,
  gsmHard,
  mbpp,
  sciq,
  mmlu,
  generatedTrain,
  generatedTest,
  rows,
];

/** Throws `Input.Invalid` for a name that is not registered. */
export function benchmarkOf(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name);
  if (found) return found;
  const known = benchmarks.map((benchmark) => benchmark.name).join(', ');
  throw failure('Input.Invalid', `unknown benchmark "${name.slice(0, 64)}"; known are ${known}`);
}
