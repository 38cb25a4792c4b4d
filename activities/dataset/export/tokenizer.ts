/**
 * The target model's own tokenizer, from the `tokenizer.json` of a model directory, of a hub's cache (`snapshots/`, `refs/main`), or
 * the file itself. Counts are of plain text: no special tokens, no chat template.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { failure } from '../../failure.ts';

export type CountTokens = (text: string) => number;

export interface NamedTokenizer {
  /** As the config names it. */
  readonly name: string;
  /** Of tokenizer.json. */
  readonly sha256: string;
  readonly count: CountTokens;
}

export interface TokenizerConfig {
  readonly tokenizers: Readonly<Record<string, { readonly path: string }>>;
}

/** Null without a name. Throws `Input.Invalid` for a name that the config does not have. */
export async function configuredTokenizer(
  { tokenizers }: TokenizerConfig,
  name: string | undefined,
): Promise<NamedTokenizer | null> {
  if (name === undefined) return null;
  const path = Object.hasOwn(tokenizers, name) ? tokenizers[name]?.path : undefined;
  if (path !== undefined) return await openTokenizer(name, path);
  const known = Object.keys(tokenizers).toSorted().join(', ') || 'none';
  throw failure('Input.Invalid', `export.tokenizer: the config names no tokenizer ${name}; known: ${known}`);
}

/** The largest in use have vocabularies of 260,000 entries in 35 MB. */
const maxBytes = 64 * 1024 * 1024;

/** Throws `Input.Invalid` for a path without a tokenizer that can be read. */
export async function openTokenizer(name: string, path: string): Promise<NamedTokenizer> {
  const file = await findFile(path);
  if (!file) throw invalid(name, 'its path has no tokenizer.json');
  const { size } = await stat(file);
  if (size > maxBytes) throw invalid(name, `its tokenizer.json has ${size} bytes, the limit is ${maxBytes}`);
  const bytes = await readFile(file);
  try {
    const tokenizer = new Tokenizer(JSON.parse(bytes.toString()) as object, {});
    const count: CountTokens = (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.length;
    count('A first text.');
    return { name, sha256: createHash('sha256').update(bytes).digest('hex'), count };
  } catch (error) {
    throw invalid(name, `its tokenizer.json cannot be used (${(error as Error).message.slice(0, 200)})`);
  }
}

async function findFile(path: string): Promise<string | undefined> {
  const revision = await readFile(join(path, 'refs', 'main'), 'utf8').catch(() => undefined);
  const candidates = [
    ...(path.endsWith('.json') ? [path] : []),
    join(path, 'tokenizer.json'),
    ...(revision && /^[0-9a-f]{40}\s*$/.test(revision)
      ? [join(path, 'snapshots', revision.trim(), 'tokenizer.json')]
      : []),
  ];
  for (const candidate of candidates)
    if (
      await stat(candidate).then(
        (found) => found.isFile(),
        () => false,
      )
    )
      return candidate;
  return undefined;
}

function invalid(name: string, why: string): Error {
  return failure('Input.Invalid', `tokenizer ${name} of the config: ${why}`);
}
