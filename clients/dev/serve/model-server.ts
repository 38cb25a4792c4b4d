/** One process of `transformers serve` on a Unix socket of its own: started, asked for its health, ended. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SupervisedProcess, startSupervised, tailOf } from '../supervised-process.ts';

export interface ModelServerOptions {
  /** The trainer's Python. */
  readonly python: string;
  /** Of the model. */
  readonly modelDirectory: string;
  /** Private: holds the sockets, and is the server's home. */
  readonly directory: string;
  readonly logFile: string;
}

export interface ModelServer {
  readonly process: SupervisedProcess;
  readonly socketPath: string;
}

const startLimitMs = 180_000;
const script = fileURLToPath(new URL('./serve.py', import.meta.url));

/** Resolves when it answers. `nth`: of its socket's name, so that a process that was given up is in nobody's way. */
export async function startModelServer(
  options: ModelServerOptions,
  nth: number,
  signal: AbortSignal | undefined,
): Promise<ModelServer> {
  const { python, modelDirectory, directory, logFile } = options;
  const socketPath = join(directory, `model-${nth}.sock`);
  const process = await startSupervised({
    command: python,
    args: [script, modelDirectory, socketPath],
    env: environment(directory),
    logFile,
  });
  try {
    const deadline = Date.now() + startLimitMs;
    while (Date.now() < deadline && process.isRunning()) {
      signal?.throwIfAborted();
      if (await answersHealth(socketPath, 2_000)) return { process, socketPath };
      await sleep(200, undefined, { signal });
    }
    throw new Error(`the model server did not start; the end of ${logFile}:\n${tailOf(logFile)}`);
  } catch (error) {
    await process.stop(0);
    throw error;
  }
}

/** Whether it answers within the time. Never rejects. */
export function answersHealth(socketPath: string, timeoutMs: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = request(
      { socketPath, path: '/health', signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        response.resume();
        done(response.statusCode === 200);
      },
    );
    probe.once('error', () => done(false));
    probe.end();
  });
}

function environment(directory: string): NodeJS.ProcessEnv {
  const { PATH, LANG, CUDA_VISIBLE_DEVICES } = process.env;
  return {
    ...{ PATH, LANG, CUDA_VISIBLE_DEVICES, HOME: directory, HF_HOME: directory },
    ...{
      HF_HUB_OFFLINE: '1',
      HF_HUB_DISABLE_TELEMETRY: '1',
      TOKENIZERS_PARALLELISM: 'false',
      OMP_NUM_THREADS: '1',
    },
  };
}
