/**
 * Whether a local model may be trained: weights as safetensors and a tokenizer, and nothing that is code. Loading a pickle
 * or a model with sources of its own would run whatever its author wrote. Looked at before a launch; nothing is loaded.
 */
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { failure } from '../../failure.ts';

export interface ModelEntry {
  /** Relative to the model's directory, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'other';
}

const maxEntries = 10_000;
const maxConfigBytes = 1024 * 1024;

/** Sources, pickles, archives and libraries that some loader would take. */
const code = /\.(?:pyc?|pyd|so|dll|dylib|sh|bin|pt|pth|pkl|pickle|ckpt|joblib|npy|npz|h5|keras|msgpack|ot)$/i;
const weights = /(?:^|\/)(?:model|adapter_model)[^/]*\.safetensors$/;
/** One of these is enough; `tokenizer_config.json` says which class reads them. */
const tokenizers = ['tokenizer.json', 'tokenizer.model', 'vocab.json'];

/** Of the names alone. Pure. */
export function namesFault(entries: readonly ModelEntry[]): string | undefined {
  const other = entries.find(({ kind }) => kind === 'other');
  if (other) return `${other.path} is neither a file nor a directory (copy links with cp -L)`;
  const names = entries.filter(({ kind }) => kind === 'file').map(({ path }) => path);
  const unfit = names.find((path) => code.test(path));
  if (unfit) return `${unfit} is code or a pickle: only safetensors are loaded`;
  if (!names.includes('config.json')) return 'config.json is missing';
  if (!names.some((path) => weights.test(path))) return 'it has no weights: model.safetensors is missing';
  if (!names.includes('tokenizer_config.json') || !tokenizers.some((name) => names.includes(name)))
    return 'it has no tokenizer: tokenizer.json and tokenizer_config.json are missing';
  return undefined;
}

/** Of one of its JSON files: `auto_map` names a Python class of the model's own, at any depth. Pure. */
export function configFault(name: string, text: string): string | undefined {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return `${name} is not JSON`;
  }
  return holdsKey(config, 'auto_map')
    ? `${name} has auto_map: it asks for code of the model's own`
    : undefined;
}

/** Throws `Input.Invalid` for a directory that is refused, with the reason, and `Input.NotFound` for none. */
export async function requireModelDirectory(directory: string): Promise<void> {
  const entries = await entriesOf(directory).catch(() => undefined);
  if (!entries) throw failure('Input.NotFound', `the model directory ${directory} cannot be read`);
  const fault = await faultOf(directory, entries);
  if (fault) throw failure('Input.Invalid', `the model in ${directory} is refused: ${fault.slice(0, 300)}`);
}

async function faultOf(directory: string, entries: readonly ModelEntry[]): Promise<string | undefined> {
  if (entries.length > maxEntries) return `it has more than ${maxEntries} entries`;
  const fault = namesFault(entries);
  if (fault) return fault;
  for (const { path } of entries.filter((entry) => entry.path.endsWith('config.json'))) {
    const text = await readCapped(join(directory, path));
    const inner = text === undefined ? `${path} is too large for a configuration` : configFault(path, text);
    if (inner) return inner;
  }
  return undefined;
}

async function entriesOf(directory: string): Promise<ModelEntry[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  return found.map((entry) => ({
    path: relative(directory, join(entry.parentPath, entry.name)),
    kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other',
  }));
}

async function readCapped(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    return size <= maxConfigBytes ? await file.readFile('utf8') : undefined;
  } finally {
    await file.close();
  }
}

/** Without recursion: a configuration may be nested as deep as its author liked. */
function holdsKey(value: unknown, key: string): boolean {
  const unseen: unknown[] = [value];
  while (unseen.length > 0) {
    const part = unseen.pop();
    if (typeof part !== 'object' || part === null) continue;
    if (!Array.isArray(part) && Object.hasOwn(part, key)) return true;
    for (const inner of Object.values(part)) unseen.push(inner);
  }
  return false;
}
