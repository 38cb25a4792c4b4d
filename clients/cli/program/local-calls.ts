/**
 * The models that a program may be run with and no stack: those of the configuration, those served, and the simulated ones.
 * Those are the running stack's where one runs in this home, else of a simulator in this process.
 */
import { resolve } from 'node:path';
import { createDirectCalls } from '../../../activities/llm/direct-calls.ts';
import type { CallService } from '../../../activities/llm/chat.ts';
import { createOpenAiChat } from '../../../activities/llm/openai-chat.ts';
import { loadConfig } from '../../../workers/config/load.ts';
import { createModels } from '../../../workers/config/models.ts';
import { isSimulated } from '../../../workers/config/simulated-models.ts';
import { isStale, readStackFile } from '../../dev/stack-file.ts';
import { startSimulator } from '../../dev/simulator/server.ts';
import { settingsFrom } from '../../dev/simulator/settings.ts';
import type { LocalContext } from '../command.ts';

export interface LocalCalls extends AsyncDisposable {
  readonly calls: CallService;
}

export async function openLocalCalls(
  { config, configFile }: Pick<LocalContext, 'config' | 'configFile'>,
  driver: string,
): Promise<LocalCalls> {
  const needsSimulator = isSimulated(driver) && config.models[driver] === undefined;
  const simulator = needsSimulator ? await openSimulator(config.home) : undefined;
  const env = {
    ...process.env,
    ...(simulator
      ? { MASGPT_SIMULATOR_URL: simulator.url, MASGPT_SIMULATOR_REVISION: simulator.revision }
      : {}),
  };
  const known = simulator
    ? await loadConfig({ file: configFile, env, flags: { home: config.home } })
    : config;
  const models = createModels({ config: known, env });
  return {
    calls: createDirectCalls({ models, send: createOpenAiChat() }),
    [Symbol.asyncDispose]: async () => simulator?.close(),
  };
}

interface OpenSimulator {
  readonly url: string;
  readonly revision: string;
  close(): Promise<void>;
}

async function openSimulator(home: string): Promise<OpenSimulator> {
  const file = await readStackFile(resolve(home));
  if (file?.parts && !isStale(file)) return { ...file.parts.simulator, close: async () => {} };
  const simulator = await startSimulator(settingsFrom({}));
  const { url, revision } = simulator;
  return { url, revision, close: async () => simulator[Symbol.asyncDispose]() };
}
