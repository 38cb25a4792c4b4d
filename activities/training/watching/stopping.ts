/** The supervisor's own stop, written before it acts: it tells our end of a trainer from a crash. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Stopping, stopReasons } from '../classify.ts';
import { type AttemptLayout, writeWhole } from '../layout.ts';

const stoppingSchema = z.object({
  by: z.enum(stopReasons),
  why: z.string().optional(),
  phase: z.string().optional(),
  rank: z.number().int().optional(),
});

/** The first word counts: whoever recorded a stop before has ended the trainer. */
export async function recordStopping(
  layout: Pick<AttemptLayout, 'stopping'>,
  stopping: Stopping,
): Promise<void> {
  if (await readStopping(layout)) return;
  await writeWhole(layout.stopping, JSON.stringify(stopping));
}

export async function readStopping(layout: Pick<AttemptLayout, 'stopping'>): Promise<Stopping | null> {
  const text = await readFile(layout.stopping, 'utf8').catch(() => undefined);
  return text === undefined ? null : stoppingSchema.parse(JSON.parse(text));
}
