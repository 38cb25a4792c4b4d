/** The thread's side of reading.ts: reads the files that it is told to, several at once. Started as a thread of its own. */
import { parentPort } from 'node:worker_threads';
import { findFaultHere } from '../safetensors.ts';
import { hashFileHere } from './hash-file.ts';
import type { Answer, Order } from './reading.ts';

const readers = { hash: hashFileHere, fault: findFaultHere } as const;

parentPort?.on('message', ({ id, what, path }: Order) => {
  readers[what](path).then(
    (value) => answer({ id, value }),
    (error: unknown) => answer({ id, error: told(error) }),
  );
});

function answer(message: Answer): void {
  parentPort?.postMessage(message);
}

/** Errors lose their code on the way between threads. */
function told(error: unknown): { readonly message: string; readonly code: string | undefined } {
  const { code } = error as { code?: unknown };
  return { message: String(error), code: typeof code === 'string' ? code : undefined };
}
