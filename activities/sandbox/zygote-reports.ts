/** What a zygote tells on its control socket (guest/zygote.py): JSON lines from a process that never reads a program. */
import { z } from 'zod';
import type { ChildExit } from './child.ts';

const forkSchema = z.enum(['clone', 'unshare', 'fork']);

const sizeSchema = z.object({ rssBytes: z.number(), descriptors: z.number() });
export type ZygoteSize = Readonly<z.infer<typeof sizeSchema>>;

const readySchema = z.object({
  ready: z.literal(true),
  landlockAbi: z.number(),
  threads: z.literal(1),
  /** How it makes children: guest/fork.py. */
  fork: forkSchema,
  size: sizeSchema,
});
export type ZygoteReady = z.infer<typeof readySchema>;

/** Slot, wait status, peak KiB, CPU seconds. */
const exitSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]);

export const reportSchema = z.union([
  readySchema,
  z.object({ exit: z.array(exitSchema) }),
  z.object({ size: sizeSchema }),
  /** Slot, bytes. */
  z.object({ growths: z.array(z.tuple([z.number(), z.number()])) }),
]);

export function exitOf([, status, peakKib, cpuS]: z.infer<typeof exitSchema>): ChildExit {
  const signal = status & 0x7f;
  return {
    code: signal === 0 ? status >> 8 : null,
    signal: signal === 0 ? null : signal,
    cpuMs: cpuS * 1_000,
    peakBytes: peakKib * 1_024,
  };
}
