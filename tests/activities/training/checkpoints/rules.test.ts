/** The pure rules: what each layout needs, which strategies agree, when a disk is too full for a save. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFault, freeBytesAt } from '../../../../activities/training/checkpoints/disk.ts';
import { layoutOf, needsOf } from '../../../../activities/training/checkpoints/layouts.ts';
import { strategyFault } from '../../../../activities/training/checkpoints/strategy-fault.ts';
import { commandRecipe, sftRecipe } from '../../../support/checkpoint-files.ts';

const ranks = (count: number) => ({ distributed: { launch: 'torchrun', ranks: count } });

describe('strategies', () => {
  const single = { worldSize: 1, strategy: { kind: 'single', precision: 'fp32' } };
  const ddp = { worldSize: 2, strategy: { kind: 'ddp', precision: 'bf16' } };
  const fsdp = { strategy: { kind: 'fsdp2' } };

  it.each([
    ['one process', sftRecipe(), single],
    ['two ranks are DDP', sftRecipe(ranks(2)), ddp],
    ['precision as asked', sftRecipe({ ...ranks(2), strategy: { kind: 'ddp', precision: 'bf16' } }), ddp],
    ['precision that nobody asked for', sftRecipe({ ...ranks(2), strategy: { kind: 'ddp' } }), ddp],
    ['a command that asks for nothing', commandRecipe(), ddp],
    ['a command that asks for ranks alone', commandRecipe(ranks(2)), { worldSize: 2 }],
  ])('agree: %s', (_name, recipe, said) => {
    expect(strategyFault(recipe, said)).toBeUndefined();
  });

  it.each([
    [
      'FSDP that became DDP',
      sftRecipe({ ...ranks(2), ...fsdp }),
      ddp,
      'the recipe expects fsdp2, the trainer runs ddp in bf16',
    ],
    [
      'half a precision',
      sftRecipe({ ...ranks(2), strategy: { kind: 'ddp', precision: 'fp32' } }),
      ddp,
      'the recipe expects ddp in fp32, the trainer runs ddp in bf16',
    ],
    ['a lost rank', sftRecipe(ranks(4)), ddp, 'the recipe has 4 ranks, the trainer runs 2'],
    ['ranks that nobody asked for', sftRecipe(), ddp, 'the recipe has one process, the trainer runs 2'],
    [
      'silence',
      commandRecipe(fsdp),
      { worldSize: 1 },
      'the recipe expects fsdp2, and the trainer does not say what it runs',
    ],
  ])('differ: %s', (_name, recipe, said, fault) => {
    expect(strategyFault(recipe, said)).toBe(fault);
  });
});

describe('layouts', () => {
  it('follow the strategy, or the command says', () => {
    expect(layoutOf(sftRecipe())).toBe('hf');
    expect(layoutOf(sftRecipe(ranks(2)))).toBe('hf');
    expect(layoutOf(sftRecipe({ ...ranks(2), strategy: { kind: 'fsdp2' } }))).toBe('hfFsdp');
    expect(layoutOf(commandRecipe({ layout: 'zero3' }))).toBe('zero3');
    expect(layoutOf(commandRecipe({ layout: 'dcp' }))).toBe('dcp');
    expect(layoutOf(commandRecipe({ strategy: { kind: 'fsdp2' } }))).toBe('files');
  });

  const flat = (...args: Parameters<typeof needsOf>) => needsOf(...args).map((need) => need.join('|'));

  it('need the state of every rank', () => {
    expect(flat(sftRecipe(), 1, 5)).toContain('rng_state.pth');
    expect(flat(sftRecipe(ranks(2)), 2, 5)).toEqual(
      expect.arrayContaining(['rng_state_0.pth', 'rng_state_1.pth']),
    );
    expect(flat(commandRecipe({ layout: 'dcp' }), 3, 5)).toEqual([
      'trainer_state.json',
      '.metadata',
      '__0_0.distcp',
      '__1_0.distcp',
      '__2_0.distcp',
    ]);
    expect(flat(sftRecipe({ ...ranks(2), strategy: { kind: 'fsdp2' } }), 2, 5)).toEqual([
      'trainer_state.json',
      ...['pytorch_model_fsdp_0', 'optimizer_0'].flatMap((store) =>
        ['.metadata', '__0_0.distcp', '__1_0.distcp'].map((name) => `${store}/${name}`),
      ),
      'scheduler.pt',
      'rng_state_0.pth',
      'rng_state_1.pth',
    ]);
    expect(flat(commandRecipe({ layout: 'zero3' }), 2, 5).filter((need) => need.includes('rank_1'))).toEqual([
      'global_step5/zero_pp_rank_1_mp_rank_00_model_states.pt',
      'global_step5/bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt|global_step5/zero_pp_rank_1_mp_rank_00_optim_states.pt',
    ]);
    expect(flat(commandRecipe({ checkpointFiles: ['a', 'b'] }), 1, 5)).toEqual([
      'trainer_state.json',
      'a',
      'b',
    ]);
  });
});

describe('room on the disk', () => {
  it.each([
    [119, 100, '119 bytes are free, the next checkpoint needs 120'],
    [120, 100, undefined],
    [0, 0, undefined],
    [0, 1, '0 bytes are free, the next checkpoint needs 2'],
  ])('%i free, %i last', (free, last, fault) => {
    expect(diskFault(free, last)).toBe(fault);
  });

  it('is read from the file system of the path', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'masgpt-disk-'));
    expect(await freeBytesAt(directory)).toBeGreaterThan(0);
    await rm(directory, { recursive: true });
    await expect(freeBytesAt(directory)).rejects.toThrow('ENOENT');
  });
});
