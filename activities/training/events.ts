/** Reading a trainer's events (protocol/events.py writes them): complete lines from an offset on; foreign epochs are ignored. */
import { open } from 'node:fs/promises';
import { z } from 'zod';

const number = z.union([z.number(), z.string().transform(Number)]).nullable();

export const trainerEventSchema = z.looseObject({
  v: z.literal(1),
  epoch: z.number().int(),
  seq: z.number().int(),
  ev: z.string(),
  step: z.number().int(),
  maxSteps: z.number().int(),
  phase: z.string(),
  edge: z.string().optional(),
  stepS: z.number().optional(),
  loss: number.optional(),
  gradNorm: number.optional(),
  nonfinite: z.boolean().optional(),
  dir: z.string().optional(),
  type: z.string().optional(),
  message: z.string().optional(),
  reason: z.string().optional(),
  versions: z.record(z.string(), z.string()).optional(),
});
export type TrainerEvent = z.infer<typeof trainerEventSchema>;

export interface EventSlice {
  readonly events: readonly TrainerEvent[];
  /** Where the next read begins: after the last complete line. */
  readonly offset: number;
}

const sliceBytes = 1024 * 1024;

/** A missing file holds no events; a torn last line is left for the next read; a line that does not parse is skipped. */
export async function readEvents(path: string, offset: number, epoch: number): Promise<EventSlice> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return { events: [], offset };
  try {
    const buffer = Buffer.alloc(sliceBytes);
    const { bytesRead } = await file.read(buffer, 0, sliceBytes, offset);
    const end = buffer.subarray(0, bytesRead).lastIndexOf('\n');
    if (end < 0) return { events: [], offset };
    const lines = buffer.toString('utf8', 0, end).split('\n');
    return { events: lines.flatMap((line) => parseLine(line, epoch)), offset: offset + end + 1 };
  } finally {
    await file.close();
  }
}

function parseLine(line: string, epoch: number): TrainerEvent[] {
  try {
    const parsed = trainerEventSchema.safeParse(JSON.parse(line));
    return parsed.success && parsed.data.epoch === epoch ? [parsed.data] : [];
  } catch {
    return [];
  }
}
