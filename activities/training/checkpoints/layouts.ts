/**
 * What a whole checkpoint must hold, by layout; a resume from less would go on silently with a fresh optimizer. Names are
 * those of transformers 5.17, of accelerate's FSDP, of torch's distributed checkpoints (DCP) and of DeepSpeed. `zero3` is written from
 * DeepSpeed's documentation and was never met here: it needs GPUs.
 */
import { expectedStrategy, type Recipe } from '../recipe.ts';

export type CheckpointLayout = 'files' | 'hf' | 'hfFsdp' | 'dcp' | 'zero3';

/** Paths of which one must be there and not be empty. */
export type Need = readonly string[];

const weights: Need = ['model.safetensors', 'model.safetensors.index.json', 'adapter_model.safetensors'];

export function layoutOf(recipe: Recipe): CheckpointLayout {
  if (recipe.kind === 'command') return recipe.layout;
  const kind = expectedStrategy(recipe)?.kind;
  return kind === 'fsdp2' ? 'hfFsdp' : kind === 'zero3' ? 'zero3' : 'hf';
}

export function needsOf(recipe: Recipe, worldSize: number, step: number): readonly Need[] {
  const extra = recipe.kind === 'command' ? recipe.checkpointFiles.map((name) => [name]) : [];
  return [['trainer_state.json'], ...layouts[layoutOf(recipe)](worldSize, step), ...extra];
}

const layouts: Readonly<Record<CheckpointLayout, (worldSize: number, step: number) => readonly Need[]>> = {
  files: () => [],
  hf: (worldSize) => [weights, ['optimizer.pt'], ['scheduler.pt'], ...rngNeeds(worldSize)],
  // Weights and optimizer are a store of shards each; the rest is as without sharding.
  hfFsdp: (worldSize) => [
    ...['pytorch_model_fsdp_0', 'optimizer_0'].flatMap((store) =>
      shardsOf(worldSize).map((need) => need.map((path) => `${store}/${path}`)),
    ),
    ['scheduler.pt'],
    ...rngNeeds(worldSize),
  ],
  // Weights, optimizer and scheduler are shards of one store; which keys it holds stands in `.metadata`.
  dcp: shardsOf,
  zero3: (worldSize, step) => [
    ['latest'],
    ['scheduler.pt'],
    ...ranks(worldSize).flatMap((rank) => [
      [`global_step${step}/zero_pp_rank_${rank}_mp_rank_00_model_states.pt`],
      [
        `global_step${step}/bf16_zero_pp_rank_${rank}_mp_rank_00_optim_states.pt`,
        `global_step${step}/zero_pp_rank_${rank}_mp_rank_00_optim_states.pt`,
      ],
    ]),
    ...rngNeeds(worldSize),
  ],
};

function shardsOf(worldSize: number): readonly Need[] {
  return [['.metadata'], ...ranks(worldSize).map((rank) => [`__${rank}_0.distcp`])];
}

function rngNeeds(worldSize: number): readonly Need[] {
  return worldSize === 1 ? [['rng_state.pth']] : ranks(worldSize).map((rank) => [`rng_state_${rank}.pth`]);
}

function ranks(worldSize: number): readonly number[] {
  return Array.from({ length: worldSize }, (_, rank) => rank);
}
