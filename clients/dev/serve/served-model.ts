/** `HOME/models/NAME.json` and its key, by which workers find a served model; removed by whoever wrote them, and nobody else. */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../../activities/training/layout.ts';
import { modelSchema } from '../../../workers/config/schema.ts';

export interface ServedModelFile {
  /** HOME. */
  readonly home: string;
  readonly name: string;
  readonly token: string;
}

export async function writeServedModel(
  { home, name, token }: ServedModelFile,
  served: { readonly baseUrl: string; readonly revision: string },
): Promise<void> {
  await mkdir(join(home, 'models'), { recursive: true });
  await writeFile(keyPath(home, name), token, { mode: 0o600 });
  await chmod(keyPath(home, name), 0o600);
  const model = modelSchema.parse({
    baseUrl: served.baseUrl,
    apiKeyFile: keyPath(home, name),
    model: name,
    revision: served.revision,
    limits: { inFlight: 2 },
    timeoutMs: 240_000,
  });
  await writeWhole(modelPath(home, name), JSON.stringify(model, null, 2));
}

/** Whether a server of this name answers now: a file alone may be left over from one that was killed. */
export async function isServed(home: string, name: string): Promise<boolean> {
  try {
    const { baseUrl } = modelSchema.parse(JSON.parse(await readFile(modelPath(home, name), 'utf8')));
    const key = await readFile(keyPath(home, name), 'utf8');
    const answer = await fetch(`${baseUrl}/models`, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(askLimitMs),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

/** A name of at most 64 characters, as distinct as the run's. */
export function servedName(run: string): string {
  return `served.${run}`.slice(0, 64);
}

const askLimitMs = 2_000;

/** Those of a later server of the same run stay. */
export async function removeServedModel({ home, name, token }: ServedModelFile): Promise<void> {
  const key = await readFile(keyPath(home, name), 'utf8').catch(() => token);
  if (key !== token) return;
  await rm(modelPath(home, name), { force: true });
  await rm(keyPath(home, name), { force: true });
}

const modelPath = (home: string, name: string): string => join(home, 'models', `${name}.json`);
const keyPath = (home: string, name: string): string => join(home, 'models', `${name}.key`);
