/**
 * Reading gigabytes beside the worker's main thread: hashes and checks of large files go to one thread of this process, so that
 * heartbeats and polls go on. It starts when first needed and holds up no end of the process.
 */
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { findFaultHere } from '../safetensors.ts';
import { type HashedFile, hashFileHere } from './hash-file.ts';

interface Results {
  readonly hash: HashedFile;
  readonly fault: string | undefined;
}
type What = keyof Results;

export interface Order {
  readonly id: number;
  readonly what: What;
  readonly path: string;
}

export type Answer =
  | { readonly id: number; readonly value: Results[What] }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string | undefined } };

/** Below it, the way to the thread costs more than the work. */
const largeBytes = 8 * 1024 * 1024;

/** Throws what `hashFileHere` throws. */
export async function hashFile(path: string): Promise<HashedFile> {
  return (await isLarge(path)) ? inThread('hash', path) : hashFileHere(path);
}

/** Throws what `findFaultHere` throws. */
export async function findFault(path: string): Promise<string | undefined> {
  return (await isLarge(path)) ? inThread('fault', path) : findFaultHere(path);
}

async function isLarge(path: string): Promise<boolean> {
  return (await stat(path)).size >= largeBytes;
}

interface Waiting {
  resolve(value: Results[What]): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

let running: Thread | undefined;
let orders = 0;

function inThread<W extends What>(what: W, path: string): Promise<Results[W]> {
  const thread = (running ??= start());
  const id = (orders += 1);
  return new Promise<Results[What]>((resolve, reject) => {
    thread.waiting.set(id, { resolve, reject });
    thread.worker.ref();
    thread.worker.postMessage({ id, what, path } satisfies Order);
  }) as Promise<Results[W]>;
}

function start(): Thread {
  const compiled = !import.meta.url.endsWith('.ts');
  const file = new URL(`./reading-thread.${compiled ? 'js' : 'ts'}`, import.meta.url);
  // A checkout's TypeScript: a thread does not take part in what reads it here.
  const worker = compiled ? new Worker(file) : new Worker(throughTsx(file), { eval: true, execArgv: [] });
  const thread: Thread = { worker, waiting: new Map() };
  worker.unref();
  worker.on('message', (answer: Answer) => {
    const asked = thread.waiting.get(answer.id);
    thread.waiting.delete(answer.id);
    if (thread.waiting.size === 0) worker.unref();
    if ('error' in answer) asked?.reject(Object.assign(new Error(answer.error.message), answer.error));
    else asked?.resolve(answer.value);
  });
  const over = (error: Error): void => {
    if (running === thread) running = undefined;
    for (const { reject } of thread.waiting.values()) reject(error);
    thread.waiting.clear();
  };
  worker.once('error', over);
  worker.once('exit', (code) => over(new Error(`the thread that reads files ended with code ${code}`)));
  return thread;
}

function throughTsx(file: URL): string {
  const [api, url] = [import.meta.resolve('tsx/esm/api'), file.href].map((each) => JSON.stringify(each));
  return `import(${api}).then(({ register }) => { register(); return import(${url}); });`;
}
