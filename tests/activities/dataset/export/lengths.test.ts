/** Lengths: by a tokenizer of a model directory, of a hub's cache or of a file; by bytes and words without one. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureLengths, summarise } from '../../../../activities/dataset/export/lengths.ts';
import { configuredTokenizer, openTokenizer } from '../../../../activities/dataset/export/tokenizer.ts';

let directory: string;
/** Byte pairs of a and b; every other letter is one unknown token. */
const tokenizer = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'BPE',
    unk_token: '?',
    vocab: { '?': 0, a: 1, b: 2, ab: 3, abab: 4 },
    merges: ['a b', 'ab ab'],
  },
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-tokenizer-'));
  const revision = 'c'.repeat(40);
  for (const path of ['model', 'broken', 'empty', 'cache/refs', `cache/snapshots/${revision}`])
    await mkdir(join(directory, path), { recursive: true });
  const text = JSON.stringify(tokenizer);
  await writeFile(join(directory, 'model', 'tokenizer.json'), text);
  await writeFile(join(directory, 'cache', 'snapshots', revision, 'tokenizer.json'), text);
  await writeFile(join(directory, 'cache', 'refs', 'main'), `${revision}\n`);
  await writeFile(join(directory, 'broken', 'tokenizer.json'), '{"model": ');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a tokenizer of the configuration', () => {
  it('counts its own tokens, wherever its file lies', async () => {
    const found = await Promise.all(
      ['model', 'cache', 'model/tokenizer.json'].map((path) => openTokenizer('tiny', join(directory, path))),
    );
    for (const { count, sha256 } of found) {
      expect(sha256).toBe(found[0]?.sha256);
      expect([count(''), count('abab'), count('ab ab'), count('aab b')]).toEqual([0, 1, 2, 3]);
    }
  });

  it('is known by a name of the configuration, or by none', async () => {
    const config = { tokenizers: { tiny: { path: join(directory, 'model') } } };
    expect(await configuredTokenizer(config, undefined)).toBeNull();
    expect(await configuredTokenizer(config, 'tiny')).toMatchObject({ name: 'tiny' });
    for (const name of ['other', 'constructor'])
      await expect(configuredTokenizer(config, name)).rejects.toThrow(/known: tiny/);
  });

  it('that cannot be read is refused with its name', async () => {
    for (const path of ['broken', 'empty', 'nowhere'])
      await expect(openTokenizer('tiny', join(directory, path))).rejects.toThrow(
        /tokenizer tiny of the config/,
      );
  });
});

describe('lengths', () => {
  it('are summed up by the nearest rank', () => {
    expect(summarise([])).toEqual({ mean: 0, p50: 0, p90: 0, p99: 0, max: 0 });
    expect(summarise([7])).toEqual({ mean: 7, p50: 7, p90: 7, p99: 7, max: 7 });
    const numbers = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(summarise(numbers)).toEqual({ mean: 50.5, p50: 50, p90: 90, p99: 99, max: 100 });
  });

  it('are bytes and words, and no tokens, without a tokenizer', async () => {
    const { units, tokenizer: used } = await measureLengths([], null);
    expect(used).toBeNull();
    expect(units.map(({ unit }) => unit)).toEqual(['bytes', 'words']);
  });
});
