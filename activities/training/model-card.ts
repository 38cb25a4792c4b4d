/**
 * The card of a finished model: on what, how, where and in how many attempts it was trained, gathered from the registries. Written
 * beside the artefact and not into it: two runs with equal weights have one digest, whatever their hosts and times.
 */
import { join } from 'node:path';
import type { TrainingPlan, TrainingResult } from '../../workflows/training/contract.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import type { Database } from '../storage/tables.ts';
import { strictest } from '../dataset/export/licences.ts';
import { type CardAttempt, type CardCheckpoint, readAttempts, readCheckpoints } from './model-card-rows.ts';
import { modelCardReadme } from './model-card-readme.ts';
import { runDirectory, writeWhole } from './layout.ts';
import { modelNameOf } from './models/base-model.ts';
import { readRecipe } from './read-recipe.ts';
import type { Recipe } from './recipe.ts';

export interface ModelCard {
  readonly v: 1;
  /** training/NAME. */
  readonly run: string;
  /** sha256 of the artefact: the model's revision. */
  readonly artefact: string;
  /** The rows' scores come from the simulated driver. */
  readonly simulated: boolean;
  /** The strictest that data and base model state; null = none is known. */
  readonly licence: string | null;
  readonly dataset: {
    readonly name: string;
    /** Of its chat JSON lines. */
    readonly sha256: string;
    /** Of its manifest. */
    readonly manifestSha256: string | null;
    readonly rows: number;
    readonly licence: string | null;
    /** What it was built from, as `masgpt dataset build` resolved it; null where it is gone or larger than 64 KiB. */
    readonly input: unknown;
  };
  readonly recipe: { readonly name: string; readonly sha256: string; readonly content: Recipe };
  readonly seed: number;
  readonly launcher: string;
  /** Null = from scratch, or a command's own. */
  readonly baseModel: {
    readonly name: string;
    readonly hubId: string | null;
    /** Over its files, as the attempts began with it. */
    readonly sha256: string | null;
  } | null;
  readonly result: Pick<TrainingResult, 'steps' | 'attempts' | 'finalLoss' | 'trainSeconds'>;
  readonly checkpoints: readonly CardCheckpoint[];
  readonly attempts: readonly CardAttempt[];
  /** As the trainer told them. */
  readonly versions: Readonly<Record<string, string>>;
  readonly time: {
    /** From the first attempt's start to the last one's end, seconds. */
    readonly wallS: number;
    /** Without any trainer: between attempts, waits for people included. */
    readonly withoutTrainerS: number;
    /** Steps that a later attempt made again. */
    readonly stepsMadeAgain: number;
  };
}

export interface CardParts {
  readonly database: Database;
  readonly blobs: Blobs;
  /** HOME/training. */
  readonly root: string;
}

/** Holds README.md and model-card.json. */
export function cardDirectory(root: string, run: string, artefact: string): string {
  return join(runDirectory(root, run), 'artefacts', `${artefact}-card`);
}

export async function writeModelCard(
  parts: CardParts,
  { run, artefact, ...result }: TrainingResult,
  plan: TrainingPlan,
): Promise<void> {
  const recipe = await readRecipe(parts.blobs, plan.recipeSha256);
  const attempts = await readAttempts(parts.database, run);
  const { checkpoints, versions } = await readCheckpoints(parts.database, run);
  const dataset = await datasetOf(parts, plan);
  const baseModel = await baseModelOf(parts.database, run, recipe);
  // What states none makes the whole unknown.
  const stated = [dataset.licence ?? '', baseModel ? (known[baseModel.sha256 ?? '']?.licence ?? '') : null];
  const card: ModelCard = {
    ...{ v: 1, run, artefact, simulated: dataset.simulated },
    licence: strictest(stated.filter((licence) => licence !== null)) || null,
    dataset: dataset.card,
    recipe: { name: plan.recipe, sha256: plan.recipeSha256, content: recipe },
    ...{ seed: plan.seed, launcher: plan.launcher, baseModel },
    result: {
      steps: result.steps,
      attempts: result.attempts,
      finalLoss: result.finalLoss,
      trainSeconds: result.trainSeconds,
    },
    ...{ checkpoints, attempts, versions, time: timeOf(attempts) },
  };
  const directory = cardDirectory(parts.root, run, artefact);
  await writeWhole(join(directory, 'model-card.json'), `${JSON.stringify(card, null, 2)}\n`);
  await writeWhole(join(directory, 'README.md'), modelCardReadme(card));
}

/** What the product installs by itself, by the hash of its files: a config may give the name to another one. Source: its page on the Hub. */
const known: Readonly<Record<string, { readonly hubId: string; readonly licence: string }>> = {
  // SmolLM2-135M-Instruct.Q4_1.gguf
  e20e7aab8e4fb69891e8e854e072d1f5862526ac9d20a74bad7603e32d2127a2: {
    hubId: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    licence: 'Apache-2.0',
  },
};

async function baseModelOf(database: Database, run: string, recipe: Recipe): Promise<ModelCard['baseModel']> {
  const name = modelNameOf(recipe);
  if (name === undefined) return null;
  const pinned = await database
    .selectFrom('training_attempts')
    .select('model_sha256')
    .where('run', '=', run)
    .where('model_sha256', 'is not', null)
    .orderBy('epoch', 'desc')
    .executeTakeFirst();
  const sha256 = pinned?.model_sha256 ?? null;
  return { name, hubId: known[sha256 ?? '']?.hubId ?? null, sha256 };
}

const maxInputChars = 65_536;

async function datasetOf(
  { database, blobs }: CardParts,
  { dataset: name, datasetSha256, rows }: TrainingPlan,
): Promise<{
  readonly card: ModelCard['dataset'];
  readonly licence: string | null;
  readonly simulated: boolean;
}> {
  const built = await database
    .selectFrom('runs')
    .select(['input', 'result', 'simulated'])
    .where('kind', '=', 'dataset')
    .where('name', '=', name)
    .orderBy('started_at', 'desc')
    .execute();
  // Names are per namespace, and may have been given anew: the file's digest tells which one it was.
  const row = built.find(({ result }) => filesOf(result)['sft.jsonl'] === datasetSha256);
  const files = filesOf(row?.result);
  const own = files['card.md'];
  const header = own === undefined ? '' : await blobs.getText(own).catch(() => '');
  const licence = /^license: "([^"\n]{1,60})"$/m.exec(header)?.[1] ?? null;
  const input = row && canonicalJson(row.input).length <= maxInputChars ? row.input : null;
  const manifestSha256 = files['manifest.json'] ?? null;
  return {
    card: { name, sha256: datasetSha256, manifestSha256, rows, licence, input },
    licence,
    simulated: (row?.simulated ?? false) || simulatedOf(row?.result),
  };
}

function filesOf(result: unknown): Readonly<Record<string, string>> {
  return (result as { readonly files?: Readonly<Record<string, string>> } | null | undefined)?.files ?? {};
}

function simulatedOf(result: unknown): boolean {
  return (result as { readonly simulated?: unknown } | null | undefined)?.simulated === true;
}

function timeOf(attempts: readonly CardAttempt[]): ModelCard['time'] {
  const ms = ({ startedAt, endedAt }: CardAttempt): number =>
    Math.max(0, Date.parse(endedAt ?? startedAt) - Date.parse(startedAt));
  const begins = attempts.map(({ startedAt }) => Date.parse(startedAt));
  const ends = attempts.map(({ startedAt, endedAt }) => Date.parse(endedAt ?? startedAt));
  const wallMs = attempts.length === 0 ? 0 : Math.max(...ends) - Math.min(...begins);
  const trainedMs = attempts.reduce((sum, attempt) => sum + ms(attempt), 0);
  const stepsMadeAgain = attempts.reduce(
    (sum, { toStep }, index) =>
      sum + Math.max(0, (toStep ?? 0) - (attempts[index + 1]?.fromStep ?? Infinity)),
    0,
  );
  const inSeconds = (value: number): number => Math.round(Math.max(0, value) / 100) / 10;
  return { wallS: inSeconds(wallMs), withoutTrainerS: inSeconds(wallMs - trainedMs), stepsMadeAgain };
}
