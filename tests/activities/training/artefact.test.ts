/** What counts as a finished model: all that serving needs, finite weights, whole or in shards, and nothing that is code. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { artefactIsWhole } from '../../../activities/training/artefact.ts';
import { commandRecipe, safetensors, sftRecipe } from '../../support/checkpoint-files.ts';

let directory: string;
const put = async (name: string, data: string | Buffer = '{}'): Promise<void> => {
  await mkdir(dirname(join(directory, name)), { recursive: true });
  await writeFile(join(directory, name), data);
};
const drop = (name: string): Promise<void> => rm(join(directory, name));
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-artefact-'));
  for (const name of ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'])
    await put(name);
  await put('model.safetensors', safetensors([1, 2]));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const inShards = async (): Promise<void> => {
  await drop('model.safetensors');
  await put('model-1.safetensors', safetensors([1]));
  await put('model.safetensors.index.json', '{"weight_map":{"a":"model-1.safetensors"}}');
};

it.each<[string, () => Promise<unknown>, boolean]>([
  ['as it is', async () => {}, true],
  ['in shards', inShards, true],
  ['with more texts', () => put('notes/README.md', 'x'), true],
  ['a shard is missing', () => inShards().then(() => drop('model-1.safetensors')), false],
  [
    'a shard is not finite',
    () => inShards().then(() => put('model-1.safetensors', safetensors([Number.NaN]))),
    false,
  ],
  ['no weights', () => drop('model.safetensors'), false],
  ['empty weights', () => put('model.safetensors', ''), false],
  ['torn weights', () => put('model.safetensors', safetensors([1, 2]).subarray(0, -2)), false],
  ['weights that are not finite', () => put('model.safetensors', safetensors([Infinity])), false],
  ['weights below that are not finite', () => put('more/model.safetensors', safetensors([Infinity])), false],
  ['no tokenizer', () => drop('tokenizer.json'), false],
  ['a pickle', () => put('training_args.bin', 'x'), false],
  ['a source, deep inside', () => put('deep/model.py', 'x'), false],
  ['a link', () => symlink('/etc/passwd', join(directory, 'linked')), false],
])('%s', async (_name, change, whole) => {
  await change();
  expect(await artefactIsWhole(directory, sftRecipe())).toBe(whole);
});

it('of a command, any files without code and with finite weights will do', async () => {
  for (const name of ['config.json', 'model.safetensors']) await drop(name);
  expect(await artefactIsWhole(directory, commandRecipe())).toBe(true);
  await put('weights.safetensors', safetensors([Number.NaN]));
  expect(await artefactIsWhole(directory, commandRecipe())).toBe(false);
  await rm(directory, { recursive: true });
  expect(await artefactIsWhole(directory, commandRecipe())).toBe(false);
});
