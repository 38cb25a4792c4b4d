/**
 * Recipes: how a model is trained, as YAML. Inputs name one; it is looked up in the worker's own directory, then in the
 * product's. Kind `sft` is the product's trainer; kind `command` is any program that writes the protocol's events.
 */
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { failure } from '../failure.ts';
import { sftFault, sftFields } from './sft-recipe.ts';

const count = z.number().int().positive();

const seconds = z.number().positive().max(86_400);

/** What a trainer says of itself in `hello`, and what a recipe may demand of it. */
export const strategySchema = z.strictObject({
  kind: z.enum(['single', 'ddp', 'fsdp2', 'zero3']),
  precision: z.enum(['fp32', 'bf16', 'fp16']).optional(),
});
export type ExpectedStrategy = z.infer<typeof strategySchema>;

/** Which verified checkpoints stay: the last ones, every k-th step's, the best by a number of its `eval` or `log` events (HF: `eval_loss`, `loss`). */
const keepSchema = z.strictObject({
  last: count.max(1_000).default(3),
  every: count.optional(),
  best: z.strictObject({ metric: z.string().min(1).max(64), mode: z.enum(['min', 'max']) }).optional(),
  /** Damaged ones whose files stay, for a look at them. */
  quarantined: z.number().int().nonnegative().max(1_000).default(3),
});
export type Keep = z.infer<typeof keepSchema>;

/** GPUs of one host; absent = none is asked for, and none is seen. `type`: a name as the operator's config gives it (Slurm: a constraint). */
const gpusSchema = z.strictObject({
  count: count.max(1_024),
  type: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._:+-]{0,63}$/)
    .optional(),
  memoryGib: z.number().positive().max(4_096).optional(),
});
export type AskedGpus = z.infer<typeof gpusSchema>;

const supervision = {
  v: z.literal(1),
  maxSteps: count,
  saveSteps: count,
  /** Seconds without progress, by phase, that matter while too few samples of the phase are known. */
  phaseLimitS: z
    .strictObject({
      start: seconds.default(600),
      step: seconds.default(300),
      save: seconds.default(300),
      eval: seconds.default(900),
    })
    .prefault({}),
  /** No phase counts as hung before this. */
  hangFloorS: seconds.default(60),
  /** Seconds between TERM and KILL. */
  graceS: z.number().positive().max(3_600).default(10),
  /** Absent = one process. */
  distributed: z
    .strictObject({ launch: z.enum(['torchrun', 'accelerate']), ranks: count.max(1_024) })
    .optional(),
  /** Absent = `single`, or `ddp` with `distributed`, for kind `sft`; anything for kind `command`. */
  strategy: strategySchema.optional(),
  keep: keepSchema.prefault({}),
  gpus: gpusSchema.optional(),
};

const sftRecipeSchema = z
  .strictObject({ kind: z.literal('sft'), ...supervision, ...sftFields })
  .superRefine((recipe, context) => {
    const fault = sftFault(recipe);
    if (fault) context.addIssue({ code: 'custom', path: [fault.path], message: fault.message });
  });

const commandRecipeSchema = z.strictObject({
  kind: z.literal('command'),
  ...supervision,
  /** Run with the path of `job.json` as its last argument. */
  command: z.array(z.string().min(1)).min(1),
  /** Files that a whole checkpoint must hold, besides `trainer_state.json`. */
  checkpointFiles: z.array(z.string().min(1).max(1_024)).max(1_000).default([]),
  /** What else they hold (checkpoints/layouts.ts): nothing that is known, or as HF's trainer (plain, FSDP), DCP or ZeRO-3 write them. */
  layout: z.enum(['files', 'hf', 'hfFsdp', 'dcp', 'zero3']).default('files'),
  options: z.record(z.string(), z.unknown()).default({}),
});

export const recipeSchema = z.discriminatedUnion('kind', [sftRecipeSchema, commandRecipeSchema]);
export type Recipe = z.infer<typeof recipeSchema>;

/** What `hello` must say; undefined = anything. */
export function expectedStrategy(recipe: Recipe): ExpectedStrategy | undefined {
  if (recipe.strategy || recipe.kind === 'command') return recipe.strategy;
  return { kind: recipe.distributed ? 'ddp' : 'single' };
}

const maxRecipeChars = 65_536;

/** Directory of the product's own recipes. */
export const ownRecipes = fileURLToPath(new URL('./trainer/recipes', import.meta.url));

/** Throws `Input.NotFound` for an unknown name and `Input.Invalid` for a recipe that does not parse. */
export async function loadRecipe(name: string, directories: readonly string[]): Promise<Recipe> {
  for (const directory of directories) {
    const text = await readStart(join(directory, `${name}.yaml`)).catch(() => undefined);
    if (text !== undefined) return parseRecipe(name, text);
  }
  const known = (await Promise.all(directories.map(recipesIn))).flat().toSorted();
  throw failure('Input.NotFound', `no recipe ${name}; known: ${known.join(', ')}`);
}

/** No more than shows that it is too long. A pipe or a device is none. */
async function readStart(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4 * maxRecipeChars + 1), 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parseRecipe(name: string, text: string): Recipe {
  const parsed = recipeSchema.safeParse(readYaml(name, text));
  if (parsed.success) return parsed.data;
  throw failure('Input.Invalid', `recipe ${name}: ${z.prettifyError(parsed.error).slice(0, 1_000)}`);
}

/** Aliases are counted by the library: a bomb of anchors is refused. */
function readYaml(name: string, text: string): unknown {
  if (text.length > maxRecipeChars)
    throw failure('Input.Invalid', `recipe ${name} has more than ${maxRecipeChars} characters`);
  try {
    return parse(text);
  } catch (error) {
    throw failure('Input.Invalid', `recipe ${name} is not YAML: ${String(error).slice(0, 500)}`);
  }
}

async function recipesIn(directory: string): Promise<string[]> {
  const files = await readdir(directory).catch(() => []);
  return files.filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length));
}
