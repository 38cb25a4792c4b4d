/** The simulator's request log, read as it grows: it outlives every part of the stack. */
import { open } from 'node:fs/promises';
import { type RequestLine, requestLineSchema } from '../../../clients/dev/simulator/request-log.ts';

export interface RequestWatch {
  /** All lines until now. */
  read(): Promise<readonly RequestLine[]>;
  /** Distinct calls that were answered, as of the last `read`. */
  answeredCalls(): number;
}

/** By the call's name; requests that name none are told by their body. */
export function callOf({ call, hash }: RequestLine): string {
  return call ?? hash;
}

export function watchRequests(path: string): RequestWatch {
  const lines: RequestLine[] = [];
  const answered = new Set<string>();
  let position = 0;
  let rest = '';
  return {
    async read() {
      const file = await open(path, 'r').catch(() => undefined);
      if (!file) return lines;
      try {
        const { size } = await file.stat();
        const { buffer } = await file.read(Buffer.alloc(size - position), 0, size - position, position);
        position = size;
        const texts = (rest + buffer.toString('utf8')).split('\n');
        rest = texts.pop() ?? '';
        for (const text of texts) {
          const line = requestLineSchema.parse(JSON.parse(text));
          lines.push(line);
          if (line.event === 'answered') answered.add(callOf(line));
        }
        return lines;
      } finally {
        await file.close();
      }
    },
    answeredCalls: () => answered.size,
  };
}
