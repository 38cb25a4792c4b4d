/**
 * Models by name: those of the config first, then those served since (`HOME/models/NAME.json`, written by `masgpt serve`),
 * looked up at each use. Keys are read from the environment or a file when a call is made, and kept nowhere.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { Models } from '../../activities/llm/endpoint.ts';
import { failure } from '../../activities/failure.ts';
import { namePattern } from '../../workflows/shared/names.ts';
import { type Config, type Model, modelSchema } from './schema.ts';

export function createModels(options: { readonly config: Config; readonly env: NodeJS.ProcessEnv }): Models {
  const { config, env } = options;
  const home = resolve(config.home);
  return {
    async get(name) {
      const configured = Object.hasOwn(config.models, name) ? config.models[name] : undefined;
      const model = configured ?? (await readServed(home, name));
      if (!model) throw await unknown(name, config, home);
      const identity = identityOf(model, configured === undefined);
      return { ...model, name, identity, readKey: () => readKey(name, model, home, env) };
    },
  };
}

/** Served models and the simulator change their ports: where the revision is pinned, it says all. */
function identityOf(model: Model, isServed: boolean): string {
  if (model.revision === 'unpinned') return model.baseUrl;
  if (model.simulated) return 'simulator';
  return isServed ? 'served' : model.baseUrl;
}

async function readServed(home: string, name: string): Promise<Model | undefined> {
  if (!namePattern.test(name)) return undefined;
  const file = join(home, 'models', `${name}.json`);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return modelSchema.parse(JSON.parse(text));
  } catch {
    throw failure('Llm.UnknownModel', `${file} is not a model: serve it again with "masgpt serve"`);
  }
}

async function unknown(name: string, config: Config, home: string): Promise<Error> {
  const files = await readdir(join(home, 'models')).catch(() => []);
  const served = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  const known = [...new Set([...Object.keys(config.models), ...served])].toSorted();
  const list = known.length === 0 ? 'the config names none' : `known are ${known.join(', ')}`;
  return failure(
    'Llm.UnknownModel',
    `there is no model "${name.slice(0, 64)}": ${list}; models are defined in masgpt.config.yaml`,
  );
}

async function readKey(
  name: string,
  model: Model,
  home: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (model.apiKeyEnv !== undefined) {
    const key = env[model.apiKeyEnv];
    if (key) return key;
    throw failure(
      'Llm.Unauthorized',
      `model ${name} needs its key in the environment variable ${model.apiKeyEnv} of the worker`,
    );
  }
  return model.apiKeyFile === undefined ? undefined : await readKeyFile(name, model.apiKeyFile, home);
}

/** Only a file under the home, after links are followed, and readable by its owner alone. */
async function readKeyFile(name: string, file: string, home: string): Promise<string> {
  const refuse = (reason: string): Error =>
    failure('Llm.Unauthorized', `the key file of model ${name} ${reason}`);
  const [path, root] = await Promise.all([realpath(resolve(home, file)), realpath(home)]).catch(() => {
    throw refuse('cannot be read: serve the model again');
  });
  if (!path.startsWith(root + sep)) throw refuse('does not lie under the home directory');
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) throw refuse('can be read by others: chmod 600');
  return (await readFile(path, 'utf8')).trim();
}
