/** Real files for tests of checkpoints: directories as HF's trainer writes them (small tensors), a run's rows, its attempts. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type CheckpointScope,
  type Registered,
  registerCheckpoint,
  type SavedCheckpoint,
} from '../../activities/training/checkpoints.ts';
import { attemptLayout } from '../../activities/training/layout.ts';
import { type Recipe, recipeSchema } from '../../activities/training/recipe.ts';
import type { Database } from '../../activities/storage/tables.ts';

export const run = 'training/tested';

export interface CheckpointFiles extends AsyncDisposable {
  /** Its `training` directory is the scope's root. */
  readonly home: string;
  readonly scope: CheckpointScope;
  readonly recipe: Recipe;
  output(epoch: number): string;
  /** Writes the directory of a save; `files` adds or replaces, null leaves one out. */
  write(step: number, options?: WriteOptions): Promise<string>;
  /** The ranks' parts as they would be written for the files that are there. */
  writePart(step: number, rank: number, worldSize: number, files: readonly PartFile[]): Promise<string>;
  /** Registers a save event of it. */
  register(step: number, saved?: Partial<SavedCheckpoint>): Promise<Registered>;
  /** Both. */
  save(step: number, options?: WriteOptions & { readonly metrics?: Record<string, number> }): Promise<string>;
  addAttempt(epoch: number, state: 'running' | 'ended'): Promise<void>;
}

export interface PartFile {
  readonly path: string;
  readonly size: number;
}

export interface WriteOptions {
  readonly epoch?: number;
  readonly files?: Readonly<Record<string, string | Buffer | null>>;
}

export function safetensors(values: readonly number[], header?: string): Buffer {
  const data = Buffer.from(Float32Array.from(values).buffer);
  const tensor = { dtype: 'F32', shape: [values.length], data_offsets: [0, data.length] };
  return withHeader(header ?? JSON.stringify({ w: tensor }), data);
}

export function withHeader(header: string, data: Buffer): Buffer {
  const text = Buffer.from(header);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, data]);
}

export const hfFiles = (step: number): Record<string, string | Buffer> => ({
  'model.safetensors': safetensors([step, -step, 0.5]),
  'optimizer.pt': Buffer.alloc(64, step % 251),
  'scheduler.pt': Buffer.alloc(16, 1),
  'rng_state.pth': Buffer.alloc(32, 2),
  'config.json': '{}',
  'trainer_state.json': JSON.stringify({ global_step: step }),
});

const tiny = {
  kind: 'sft',
  v: 1,
  maxSteps: 1_000,
  saveSteps: 10,
  model: { base: 'scratch', hiddenSize: 8, intermediateSize: 8, layers: 1, heads: 1, kvHeads: 1 },
  tokenizer: { vocabSize: 512, lineTokens: 0, minLineRows: 2 },
  ...{ maxLength: 64, batchSize: 1, gradientAccumulation: 1, learningRate: 0.1, warmupSteps: 0 },
  ...{ schedule: 'constant', weightDecay: 0, maxGradNorm: 1, logSteps: 1, threads: 1 },
};

export function sftRecipe(changes: Readonly<Record<string, unknown>> = {}): Recipe {
  return recipeSchema.parse({ ...tiny, ...changes });
}

export function commandRecipe(changes: Readonly<Record<string, unknown>> = {}): Recipe {
  const { v, maxSteps, saveSteps } = tiny;
  return recipeSchema.parse({ kind: 'command', v, maxSteps, saveSteps, command: ['true'], ...changes });
}

/** Disposing leaves the database as it was. */
export async function checkpointFiles(
  database: Database,
  recipe: Recipe = sftRecipe(),
): Promise<CheckpointFiles> {
  const home = await mkdtemp(join(tmpdir(), 'masgpt-checkpoints-'));
  const root = join(home, 'training');
  await mkdir(root);
  const scope: CheckpointScope = {
    database: database,
    root,
    run,
    configSha: 'config',
    dataSha: 'data',
  };
  const output = (epoch: number): string => attemptLayout(root, run, epoch).output;
  const files: CheckpointFiles = {
    home,
    scope,
    recipe,
    output,
    async write(step, { epoch = 1, files: changes = {} } = {}) {
      const directory = join(output(epoch), `checkpoint-${step}`);
      for (const [name, data] of Object.entries({ ...hfFiles(step), ...changes })) {
        if (data === null) continue;
        await mkdir(dirname(join(directory, name)), { recursive: true });
        await writeFile(join(directory, name), data);
      }
      return directory;
    },
    async writePart(step, rank, worldSize, named) {
      const path = join(output(1), 'parts', `${step}.${rank}.json`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, JSON.stringify({ v: 1, step, rank, worldSize, files: named }));
      return path;
    },
    register(step, saved = {}) {
      const epoch = saved.epoch ?? 1;
      const directory = join(output(epoch), `checkpoint-${step}`);
      const said = { worldSize: 1, parts: [], versions: { torch: '2' }, parentStep: null };
      return registerCheckpoint(scope, { step, epoch, directory, ...said, ...saved }, recipe);
    },
    async save(step, { metrics, ...options } = {}) {
      const directory = await files.write(step, options);
      const epoch = options.epoch ?? 1;
      const found = await files.register(step, metrics ? { epoch, metrics } : { epoch });
      if (found.kind !== 'verified') throw new Error(JSON.stringify(found));
      return directory;
    },
    async addAttempt(epoch, state) {
      await database
        .insertInto('training_attempts')
        .values({ run, epoch, minted_by: String(epoch), host: 'here', directory: '', state })
        .execute();
    },
    async [Symbol.asyncDispose]() {
      await database.deleteFrom('training_checkpoints').execute();
      await database.deleteFrom('training_attempts').execute();
      await rm(home, { recursive: true, force: true });
    },
  };
  return files;
}
