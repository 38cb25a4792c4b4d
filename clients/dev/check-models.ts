/** Doctor's look at the configured models: one GET of the model list per endpoint, with the key if one is set. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../../workers/config/schema.ts';
import type { Check } from './doctor.ts';

type Model = Config['models'][string];

const timeoutMs = 5_000;

export function checkModels(config: Config, env: NodeJS.ProcessEnv): Promise<Check[]> {
  const real = Object.entries(config.models).filter(([, model]) => !model.simulated);
  return Promise.all(real.map(([name, model]) => checkModel(`model ${name}`, model, config.home, env)));
}

async function checkModel(name: string, model: Model, home: string, env: NodeJS.ProcessEnv): Promise<Check> {
  const key = await keyOf(model, home, env);
  if (model.apiKeyEnv && !key) {
    return {
      name,
      ok: false,
      detail: `${model.apiKeyEnv} is not set`,
      remedy: `set ${model.apiKeyEnv} to the key of ${model.baseUrl}`,
    };
  }
  try {
    const response = await fetch(`${model.baseUrl.replace(/\/+$/, '')}/models`, {
      headers: key ? { authorization: `Bearer ${key}` } : {},
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403) {
      const remedy = `check the key in ${model.apiKeyEnv ?? model.apiKeyFile ?? 'the configuration (none is named)'}`;
      return { name, ok: false, detail: `${model.baseUrl} refuses the key (${response.status})`, remedy };
    }
    // Some servers have no model list: any answer shows that somebody listens.
    return { name, ok: true, detail: `${model.baseUrl} answers` };
  } catch (error) {
    const reason =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return {
      name,
      ok: false,
      detail: `${model.baseUrl} does not answer: ${reason}`,
      remedy: 'start that server, or correct baseUrl in masgpt.config.yaml',
    };
  }
}

async function keyOf(model: Model, home: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (model.apiKeyEnv) return env[model.apiKeyEnv];
  if (!model.apiKeyFile) return undefined;
  return readFile(resolve(home, model.apiKeyFile), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}
