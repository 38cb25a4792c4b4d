/** What a benchmark is: where its items come from and how they are graded. One file per benchmark in entries/. */
import type { Gold } from '../../workflows/shared/query.ts';

/** The upstream formats that can be read; importers/ holds one file each. `generated` needs no file. */
export type ImporterName =
  | 'gsm8k'
  | 'gsm-hard'
  | 'math'
  | 'aqua'
  | 'sciq'
  | 'mmlu'
  | 'scibench'
  | 'humaneval'
  | 'mbpp'
  | 'rows'
  | 'generated';

export interface Benchmark {
  /** A name as inputs carry it: `--benchmark NAME=FILE`. */
  readonly name: string;
  readonly title: string;
  /** Of this entry: raised when the items, their prompt or their grading change. */
  readonly version: string;
  /** The upstream's page. */
  readonly source: string;
  readonly licence: string;
  /** Of rows whose file does not say: `train-….parquet` is of split train. */
  readonly split: string;
  /** Items of the upstream's split, where it is fixed. */
  readonly size?: number;
  /** `mixed`: each row says how it is graded. */
  readonly answerKind: Gold['kind'] | 'mixed';
  /** Of number answers, as a fraction; absent: integers compare exactly, decimals to the digits that the gold shows. */
  readonly relativeTolerance?: number;
  readonly importer: ImporterName;
  readonly citation: string;
}
