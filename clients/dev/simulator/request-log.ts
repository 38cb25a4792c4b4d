/**
 * What the simulator was asked, as an append-only file of JSON lines that outlives it: written when a chat request was read,
 * and when it was answered whole. A kill loses no line, since each is handed to the kernel before the simulator goes on.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { z } from 'zod';

export const requestLineSchema = z.object({
  event: z.enum(['received', 'answered']),
  /** sha256 of the body. */
  hash: z.string(),
  /** The request's `Idempotency-Key`, which names a call of the product; null without one. */
  call: z.string().nullable(),
  /** Milliseconds since 1970. */
  atMs: z.number(),
});
export type RequestLine = z.infer<typeof requestLineSchema>;

export interface RequestLog {
  write(line: Omit<RequestLine, 'atMs'>): void;
  close(): void;
}

/** Without a path nothing is written. */
export function openRequestLog(path: string | undefined): RequestLog {
  let file = path === undefined ? undefined : openSync(path, 'a', 0o600);
  return {
    write(line) {
      // A request may outlast the server.
      if (file !== undefined) writeSync(file, `${JSON.stringify({ ...line, atMs: Date.now() })}\n`);
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
