/**
 * math-verify in one long-lived, confined Python child that compares one item at a time. An item that takes too long kills
 * the child; the next item starts another. The interpreter is the caller's: activities know no paths.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { failure } from '../../failure.ts';

export type LatexComparison =
  | { readonly status: 'compared'; readonly equal: boolean; readonly answer: string | null }
  /** The text was at fault: it took too long, exhausted memory or could not be read. */
  | { readonly status: 'unreadable'; readonly why: string };

export interface MathVerify {
  /** `gold` is LaTeX without delimiters. Throws `Grader.Failed` when the child cannot work at all. */
  compare(gold: string, answer: string, signal: AbortSignal): Promise<LatexComparison>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface MathVerifyOptions {
  /** The interpreter of a venv with requirements.lock.txt; asked for once, when the first item comes. */
  readonly python: () => Promise<string>;
  /** Per item; default 5 s. */
  readonly itemTimeoutMs?: number;
  /** From start to ready; default 60 s (a cold disk). */
  readonly startTimeoutMs?: number;
}

const server = fileURLToPath(new URL('math_verify_server.py', import.meta.url));
const replySchema = z.union([
  z.object({ id: z.number(), equal: z.boolean(), answer: z.string().nullable() }),
  z.object({ id: z.number(), error: z.string() }),
]);

export function createMathVerify(options: MathVerifyOptions): MathVerify {
  let child: Child | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let lastId = 0;

  async function compareNow(gold: string, answer: string, signal: AbortSignal): Promise<LatexComparison> {
    signal.throwIfAborted();
    child ??= await startChild(options);
    const id = (lastId += 1);
    const line = await child.ask(JSON.stringify({ id, gold, answer }), options.itemTimeoutMs ?? 5_000);
    if (line === 'timeout' || line === 'exited') {
      child = undefined;
      const why =
        line === 'timeout'
          ? 'the comparison took too long'
          : 'the comparison exhausted its memory or crashed';
      return { status: 'unreadable', why };
    }
    const reply = replySchema.safeParse(parseJson(line));
    if (!reply.success || reply.data.id !== id) {
      child.kill();
      child = undefined;
      return { status: 'unreadable', why: 'the comparison broke its protocol' };
    }
    if ('error' in reply.data)
      return { status: 'unreadable', why: `the comparison failed: ${reply.data.error}` };
    return { status: 'compared', equal: reply.data.equal, answer: reply.data.answer };
  }

  return {
    compare(gold, answer, signal) {
      const mine = queue.then(() => compareNow(gold, answer, signal));
      queue = mine.catch(() => undefined);
      return mine;
    },
    async [Symbol.asyncDispose]() {
      await queue;
      child?.kill();
      child = undefined;
    },
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

interface Child {
  ask(line: string, timeoutMs: number): Promise<string>;
  kill(): void;
}

async function startChild(options: MathVerifyOptions): Promise<Child> {
  const python = await options.python();
  const process = spawn(python, ['-I', '-B', server], { stdio: 'pipe', env: {} });
  const lines = linesOf(process);
  const kill = (): void => void process.kill('SIGKILL');
  const ready = await lines.next(options.startTimeoutMs ?? 60_000);
  if (!ready.startsWith('{"ready": true')) {
    kill();
    const why = lines.errors().trim().split('\n').at(-1) || ready;
    throw failure(
      'Grader.Failed',
      `math-verify did not start (${why.slice(0, 300)}); \`masgpt doctor\` checks its Python`,
    );
  }
  return {
    async ask(line, timeoutMs) {
      process.stdin.write(`${line}\n`);
      const reply = await lines.next(timeoutMs);
      if (reply === 'timeout') kill();
      return reply;
    },
    kill,
  };
}

interface Lines {
  /** The next line, `timeout` or `exited`. */
  next(timeoutMs: number): Promise<string>;
  errors(): string;
}

function linesOf(process: ChildProcessWithoutNullStreams): Lines {
  let stderr = '';
  let exited = false;
  const waiting: string[] = [];
  let wake: ((line: string) => void) | undefined;
  const deliver = (line: string): void => {
    if (wake) wake(line);
    else waiting.push(line);
  };
  const ended = (why: string): void => {
    stderr += why;
    exited = true;
    wake?.('exited');
  };
  createInterface({ input: process.stdout })
    .on('line', deliver)
    .on('close', () => ended(''));
  process.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-4_096);
  });
  process.on('error', (error) => ended(error.message));
  process.stdin.on('error', () => undefined);
  return {
    errors: () => stderr,
    next(timeoutMs) {
      const line = waiting.shift();
      if (line !== undefined) return Promise.resolve(line);
      if (exited) return Promise.resolve('exited');
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake?.('timeout'), timeoutMs);
        wake = (text) => {
          clearTimeout(timer);
          wake = undefined;
          resolve(text);
        };
      });
    },
  };
}
