/** The trainer's own judgement, asked of its Python: what is not finite, which files are whose, how a model is wrapped. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ensurePython } from '../../../workers/host/python-environment.ts';

const minutes = 60_000;
const script = fileURLToPath(new URL('../../support/check-callback.py', import.meta.url));

it(
  'tells ruined numbers from steps that a scaler left out, and a rank its files',
  async () => {
    const python = await ensurePython('trainer', { note: (text) => console.error(text) });
    const env = { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' };
    const { stdout } = await promisify(execFile)(python, [script], { env });
    expect(JSON.parse(stdout)).toEqual({
      broken: [true, true, true, true],
      sound: [false, false, false, false],
      refused: [
        ...['weight is not finite at step 7: no checkpoint is written'],
        ...['weight is not finite at step 7: no checkpoint is written', null],
      ],
      files: {
        0: ['deep/more.json', 'model.safetensors', 'rng_state_0.pth'],
        1: ['rng_state_1.pth'],
        10: ['rng_state_10.pth'],
      },
      // Padding is none; what was taken is not counted again.
      tokens: [8, 0, 16],
      strategy: { kind: 'single', precision: 'fp32' },
      asked: { kind: 'single', precision: 'fp16' },
      wrapped: 'single',
      heldOut: [0, 4, 10],
    });
  },
  15 * minutes,
);
