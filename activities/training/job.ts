/** What a trainer is told: `job.json`, the path of which is the last argument of its command, and its environment (docs/training-protocol.md). */
import { join } from 'node:path';
import type { AttemptLayout } from './layout.ts';
import { protocolDirectory } from './ports.ts';
import type { BaseModel } from './models/base-model.ts';
import type { Recipe } from './recipe.ts';

export interface TrainerJob {
  readonly v: 1;
  readonly run: string;
  readonly epoch: number;
  /** The attempt's own directory: events and control are there, `output` and `artefact` below. */
  readonly directory: string;
  /** Chat rows as JSON lines. */
  readonly dataset: string;
  /** Where `checkpoint-STEP` directories are written. */
  readonly output: string;
  /** Where the finished model is written. */
  readonly artefact: string;
  readonly seed: number;
  /** A verified checkpoint's directory, perhaps of an older attempt; null = from the start. */
  readonly resumeFrom: string | null;
  readonly resumeStep: number | null;
  readonly configSha: string;
  readonly dataSha: string;
  /** Directory of events.py. */
  readonly protocol: string;
  /** The local model that the recipe names; null = from scratch. */
  readonly base: JobModel | null;
  readonly recipe: Recipe;
}

export interface JobModel extends BaseModel {
  /** Where the trainer puts the copy of a GGUF file that it trains, for all attempts of the run. */
  readonly converted: string;
}

export interface JobOptions {
  readonly run: string;
  readonly epoch: number;
  readonly dataset: string;
  readonly seed: number;
  readonly resume: { readonly directory: string; readonly step: number } | null | undefined;
  readonly configSha: string;
  readonly dataSha: string;
  readonly base?: JobModel | undefined;
  readonly recipe: Recipe;
}

export function jobOf(layout: AttemptLayout, options: JobOptions): TrainerJob {
  const { run, epoch, dataset, seed, resume, configSha, dataSha, base = null, recipe } = options;
  const { directory, output, artefact } = layout;
  return {
    ...{ v: 1, run, epoch, directory, dataset, output, artefact, seed },
    resumeFrom: resume?.directory ?? null,
    resumeStep: resume?.step ?? null,
    ...{ configSha, dataSha, protocol: protocolDirectory, base, recipe },
  };
}

/** A trainer sees no secret of the worker and reaches for no hub. `passedOn` = PATH and the like. */
export function environmentOf(
  passedOn: Readonly<Record<string, string>>,
  recipe: Recipe,
  directory: string,
): Record<string, string> {
  return {
    ...passedOn,
    HOME: directory,
    HF_HOME: join(directory, 'hf'),
    HF_HUB_OFFLINE: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
    TOKENIZERS_PARALLELISM: 'false',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    ...(recipe.kind === 'sft' ? { OMP_NUM_THREADS: String(recipe.threads) } : {}),
  };
}
