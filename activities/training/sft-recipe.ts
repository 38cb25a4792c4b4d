/** Recipes of kind `sft`: what the product's own trainer (trainer/train.py) is told about model, adapter and optimisation. */
import { z } from 'zod';

const count = z.number().int().positive();

/** A model of the Qwen2 type, made from nothing, with a tokenizer of its own. */
const scratchSchema = z.strictObject({
  base: z.literal('scratch'),
  hiddenSize: count,
  intermediateSize: count,
  layers: count,
  heads: count,
  kvHeads: count,
});

/** A model that the worker's config names (`training.models`), or one that the product installs (workers/host/models.ts). */
const localSchema = z.strictObject({
  base: z.literal('local'),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
});

/** Low-rank adapters, merged into the finished model. */
const loraSchema = z.strictObject({
  rank: count.max(1_024),
  alpha: z.number().positive().max(4_096),
  dropout: z.number().min(0).max(0.9).default(0),
  /** Modules that get one: all linear layers but the output, or by name. */
  targets: z.union([
    z.literal('all-linear'),
    z
      .array(z.string().regex(/^[A-Za-z0-9_.]{1,100}$/))
      .min(1)
      .max(64),
  ]),
});

/** Ends when the loss on the held-out rows has not fallen by `minDelta` at `patience` evaluations on end. */
const earlyStoppingSchema = z.strictObject({
  metric: z.literal('eval_loss'),
  patience: count.max(1_000),
  minDelta: z.number().nonnegative().max(100).default(0),
});

export const sftFields = {
  model: z.discriminatedUnion('base', [scratchSchema, localSchema]),
  /** With base `scratch` alone; a local model has its own. */
  tokenizer: z
    .strictObject({
      vocabSize: count.min(512),
      lineTokens: z.number().int().nonnegative(),
      minLineRows: count,
    })
    .optional(),
  /** Absent = all weights are trained. */
  lora: loraSchema.optional(),
  /** Tokens of a row; longer rows are left out, and refused above 1 %. */
  maxLength: count,
  /** Several rows in one sequence of `maxLength`, best fit first; no row attends to another. */
  packing: z.boolean().optional(),
  batchSize: count,
  gradientAccumulation: count,
  learningRate: z.number().positive().max(1),
  warmupSteps: z.number().int().nonnegative(),
  schedule: z.enum(['linear', 'cosine', 'constant', 'constant_with_warmup']),
  weightDecay: z.number().nonnegative(),
  maxGradNorm: z.number().positive(),
  logSteps: count,
  /** Absent = bf16 where the hardware has it, else fp32. */
  precision: z.enum(['fp32', 'bf16', 'fp16']).optional(),
  /** Activations are computed again in the backward pass: less memory, some 30 % more time. */
  gradientCheckpointing: z.boolean().optional(),
  /**
   * At each save, on the last rows (at most a tenth of all), which are then not trained on: the loss on `rows` of them, and
   * the share of the first `programs` of them whose program, written greedily, runs.
   */
  evaluation: z
    .strictObject({
      rows: count,
      programs: count.max(256).optional(),
      /** Of a written program. */
      maxNewTokens: count.max(8_192).optional(),
    })
    .optional(),
  earlyStopping: earlyStoppingSchema.optional(),
  threads: count,
};

interface SftParts {
  readonly model: z.infer<typeof sftFields.model>;
  readonly tokenizer?: unknown;
  readonly lora?: unknown;
  readonly evaluation?: { readonly rows: number; readonly programs?: number | undefined } | undefined;
  readonly earlyStopping?: unknown;
  readonly precision?: string | undefined;
  readonly strategy?: { readonly kind: string; readonly precision?: string | undefined } | undefined;
  readonly distributed?: { readonly ranks: number } | undefined;
}

/** What its fields say only together; undefined when they agree. Pure. */
export function sftFault(recipe: SftParts): { readonly path: string; readonly message: string } | undefined {
  const { model, tokenizer, lora, evaluation, earlyStopping, precision, strategy, distributed } = recipe;
  if (model.base === 'scratch' && !tokenizer)
    return { path: 'tokenizer', message: 'a model from scratch needs one' };
  if (model.base === 'local' && tokenizer)
    return { path: 'tokenizer', message: 'a local model has its own: leave it out' };
  if (model.base === 'scratch' && lora)
    return { path: 'lora', message: 'adapters need a trained model: base local' };
  if (earlyStopping && !evaluation)
    return { path: 'earlyStopping', message: 'it needs evaluation: { rows }' };
  if (evaluation?.programs !== undefined && evaluation.programs > evaluation.rows)
    return { path: 'evaluation', message: `programs goes up to rows, ${evaluation.rows}` };
  if (precision && strategy?.precision && precision !== strategy.precision)
    return { path: 'precision', message: `strategy says ${strategy.precision}` };
  return strategyPartsFault(strategy?.kind, { distributed, lora, programs: evaluation?.programs });
}

function strategyPartsFault(
  kind: string | undefined,
  parts: {
    readonly distributed: SftParts['distributed'];
    readonly lora: unknown;
    readonly programs: number | undefined;
  },
): { readonly path: string; readonly message: string } | undefined {
  if (kind === 'zero3')
    return {
      path: 'strategy',
      message: 'the product trains sharded models by fsdp2; zero3 is for kind command',
    };
  if (kind !== 'fsdp2') return undefined;
  if (!parts.distributed) return { path: 'strategy', message: 'fsdp2 needs distributed: { launch, ranks }' };
  if (parts.lora) return { path: 'lora', message: 'a sharded model is trained whole: leave lora out' };
  if (parts.programs !== undefined)
    return { path: 'evaluation', message: 'a sharded model writes no programs while it is trained' };
  return undefined;
}
