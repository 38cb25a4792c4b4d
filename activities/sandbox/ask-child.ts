/** One question to a child that answers by one frame and ends: what is read of a program's text. */
import type { z } from 'zod';
import { failure } from '../failure.ts';
import type { Child } from './child.ts';
import { parseFrame } from './frames.ts';

const timeoutMs = 10_000;
const cpuS = 10;

/** Null when the child ended without a frame of the schema: the text was too much for it. */
export async function askChild<T>(
  child: Child,
  question: { readonly mode: string; readonly source: string },
  schema: z.ZodType<T>,
): Promise<T | null> {
  return await new Promise((resolve, reject) => {
    let answer: T | null = null;
    const timer = setTimeout(() => child.kill(), timeoutMs);
    child.listen({
      line(line) {
        answer ??= parseFrame(line, schema);
        if (answer === null) child.kill();
      },
      overflow: () => child.kill(),
      ended() {
        clearTimeout(timer);
        resolve(answer);
      },
      broke() {
        clearTimeout(timer);
        reject(failure('Sandbox.Unavailable', 'the sandbox ended while it read a program'));
      },
    });
    child.send({ ...question, cpuS });
  });
}
