/** Models that are refused before anything loads them: sources, pickles, auto_map, no tokenizer, links. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { requireModelDirectory } from '../../../../activities/training/models/model-directory.ts';

let directory: string;
const put = async (name: string, text = '{}'): Promise<void> => {
  await mkdir(dirname(join(directory, name)), { recursive: true });
  await writeFile(join(directory, name), text);
};
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-model-'));
  for (const name of [
    'config.json',
    'model-00001-of-00002.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
    'merges.txt',
    'README.md',
  ])
    await put(name);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('takes weights, a tokenizer and texts', async () => {
  await expect(requireModelDirectory(directory)).resolves.toBeUndefined();
});

it.each([
  ...[
    'modeling_mine.py',
    'deep/hook.PY',
    'cache.pyc',
    'kernel.so',
    'pytorch_model.bin',
    'training_args.bin',
    'optimizer.pt',
    'a.pth',
    'a.pkl',
    'model.ckpt',
    'flax_model.msgpack',
    'tf_model.h5',
    'weights.npz',
  ],
])('%s is refused', async (name) => {
  await put(name, 'x');
  await expect(requireModelDirectory(directory)).rejects.toMatchObject({
    type: 'Input.Invalid',
    message: `the model in ${directory} is refused: ${name} is code or a pickle: only safetensors are loaded`,
  });
});

it.each<[string, () => Promise<unknown>, string]>([
  [
    'auto_map',
    () => put('config.json', '{"auto_map":{"AutoModel":"mine.Model"}}'),
    "config.json has auto_map: it asks for code of the model's own",
  ],
  [
    'an escaped auto_map',
    () => put('config.json', '{"\\u0061uto_map":{}}'),
    "config.json has auto_map: it asks for code of the model's own",
  ],
  [
    'auto_map deep inside',
    () => put('tokenizer_config.json', `${'[{"a":'.repeat(2_000)}{"auto_map":1}${'}]'.repeat(2_000)}`),
    "tokenizer_config.json has auto_map: it asks for code of the model's own",
  ],
  [
    'auto_map of a part',
    () => put('vision/config.json', '{"auto_map":{}}'),
    "vision/config.json has auto_map: it asks for code of the model's own",
  ],
  ['no JSON', () => put('config.json', 'import os'), 'config.json is not JSON'],
  [
    'an endless configuration',
    () => put('config.json', ' '.repeat(2 * 1024 * 1024)),
    'config.json is too large for a configuration',
  ],
  [
    'no tokenizer',
    () => rm(join(directory, 'tokenizer.json')),
    'it has no tokenizer: tokenizer.json and tokenizer_config.json are missing',
  ],
  [
    'no class of the tokenizer',
    () => rm(join(directory, 'tokenizer_config.json')),
    'it has no tokenizer: tokenizer.json and tokenizer_config.json are missing',
  ],
  [
    'no weights',
    () => rm(join(directory, 'model-00001-of-00002.safetensors')),
    'it has no weights: model.safetensors is missing',
  ],
  ['no configuration', () => rm(join(directory, 'config.json')), 'config.json is missing'],
  [
    'a link',
    () => symlink('/etc/passwd', join(directory, 'notes')),
    'notes is neither a file nor a directory (copy links with cp -L)',
  ],
  [
    'a pipe',
    () => Promise.resolve(execFileSync('mkfifo', [join(directory, 'pipe')])),
    'pipe is neither a file nor a directory (copy links with cp -L)',
  ],
])('%s is refused', async (_name, spoil, reason) => {
  await spoil();
  await expect(requireModelDirectory(directory)).rejects.toMatchObject({
    type: 'Input.Invalid',
    message: `the model in ${directory} is refused: ${reason}`,
  });
});

it('a directory that is not there is told', async () => {
  await expect(requireModelDirectory(join(directory, 'gone'))).rejects.toMatchObject({
    type: 'Input.NotFound',
  });
});
