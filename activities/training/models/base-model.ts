/**
 * The model that a recipe begins with: found by its name, looked at before anything loads it, and known by its hash. Each
 * attempt of a run must begin with the same bytes.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { failure, isFailure } from '../../failure.ts';
import { canonicalHash } from '../../storage/canonical-json.ts';
import type { Database } from '../../storage/tables.ts';
import { hashFile, hashFiles, UnfitFile } from '../manifest.ts';
import type { Recipe } from '../recipe.ts';
import { readGguf } from './gguf-file.ts';
import { requireModelDirectory } from './model-directory.ts';

/** Where models are, by name. */
export interface ModelPlaces {
  readonly names: readonly string[];
  /** Its path where it lies already, or should by the config. */
  installed(name: string): Promise<string | undefined>;
  /** A directory in the form of Hugging Face, or a GGUF file; the product's own models are installed. */
  locate(name: string): Promise<string>;
}

/** What the trainer is told (`job.json`). */
export interface BaseModel {
  readonly name: string;
  readonly kind: 'directory' | 'gguf';
  readonly path: string;
  /** Over the content of every file. */
  readonly sha256: string;
}

/** The name of the recipe's model; undefined for one from scratch, and for kind `command`. */
export function modelNameOf(recipe: Recipe): string | undefined {
  return recipe.kind === 'sft' && recipe.model.base === 'local' ? recipe.model.name : undefined;
}

/** At the start of a run: an unknown name, and a model that lies here and is unfit, are refused. Nothing is installed or hashed. */
export async function requireKnownModel(recipe: Recipe, places: ModelPlaces | undefined): Promise<void> {
  const name = modelNameOf(recipe);
  if (name === undefined) return;
  if (!places?.names.includes(name))
    throw failure(
      'Input.NotFound',
      `no model ${name}; known: ${places?.names.join(', ') || 'none'} (training.models in the config)`,
    );
  const path = await places.installed(name);
  if (path === undefined) return;
  await requireFit(path).catch((error: unknown) => {
    // This host may be none of those that train.
    if (!isFailure(error, 'Input.NotFound')) throw error;
  });
}

/** At each launch. Throws `Training.Refused` for a model that is unfit. */
export async function baseModelOf(
  recipe: Recipe,
  places: ModelPlaces | undefined,
): Promise<BaseModel | undefined> {
  const name = modelNameOf(recipe);
  if (name === undefined) return undefined;
  try {
    await requireKnownModel(recipe, places);
    const path = await (places as ModelPlaces).locate(name);
    const kind = await requireFit(path);
    return { name, kind, path, sha256: await hashOf(kind, path) };
  } catch (error) {
    if (error instanceof UnfitFile) throw refused('modelRefused', error.message);
    if (isFailure(error, 'Input.NotFound') || isFailure(error, 'Input.Invalid'))
      throw refused('modelRefused', error.message);
    throw error;
  }
}

/**
 * Writes the model's hash into the attempt's row. Throws `Training.Refused` when an earlier attempt of the run, by the same
 * recipe, began with another one: its checkpoints and this model do not belong together.
 */
export async function pinModel(
  database: Database,
  attempt: { readonly run: string; readonly epoch: number; readonly configSha: string },
  model: BaseModel,
): Promise<void> {
  const { run, epoch, configSha } = attempt;
  const earlier = await database
    .selectFrom('training_attempts')
    .select(['epoch', 'model_sha256'])
    .where('run', '=', run)
    .where('config_sha', '=', configSha)
    .where('model_sha256', 'is not', null)
    .where('epoch', '<', epoch)
    .orderBy('epoch', 'asc')
    .executeTakeFirst();
  if (earlier && earlier.model_sha256 !== model.sha256)
    throw refused(
      'modelChanged',
      `the model ${model.name} in ${model.path} has changed since attempt ${earlier.epoch} (sha256 ${earlier.model_sha256?.slice(0, 12)}, now ${model.sha256.slice(0, 12)}): put the old one back and resume, or train the new one under another name`,
    );
  await database
    .updateTable('training_attempts')
    .set({ config_sha: configSha, model_sha256: model.sha256 })
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .execute();
}

async function requireFit(path: string): Promise<BaseModel['kind']> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw failure('Input.NotFound', `the model ${path} cannot be read`);
  if (found.isDirectory()) {
    await requireModelDirectory(path);
    return 'directory';
  }
  const summary = await readGguf(path).catch((error: unknown) => `it cannot be read (${String(error)})`);
  const fault = typeof summary === 'string' ? summary : ggufFault(summary);
  if (fault) throw failure('Input.Invalid', `the model ${path} is refused: ${fault.slice(0, 300)}`);
  return 'gguf';
}

function ggufFault(summary: {
  readonly tokens: number;
  readonly hasChatTemplate: boolean;
}): string | undefined {
  if (summary.tokens === 0) return 'it has no tokenizer';
  return summary.hasChatTemplate ? undefined : 'its tokenizer has no chat template';
}

async function hashOf(kind: BaseModel['kind'], path: string): Promise<string> {
  const files =
    kind === 'gguf'
      ? [{ path: basename(path), ...(await hashFile(join(dirname(path), basename(path)))) }]
      : await hashFiles(path);
  return canonicalHash({ v: 1, files });
}

function refused(cause: string, message: string): Error {
  return failure('Training.Refused', `${cause}: ${message}`);
}
