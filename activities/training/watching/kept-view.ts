/** The view of an attempt, kept beside its events: heartbeats are dropped with their activity, and a slice ends without one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type AttemptView, attemptViewSchema } from '../attempt-view.ts';
import { type AttemptLayout, writeWhole } from '../layout.ts';

const keptSchema = z.object({
  view: attemptViewSchema,
  /** False = whoever watched is gone without a word. */
  handedOver: z.boolean(),
});

const maxBytes = 4 * 1024 * 1024;
const path = (layout: Pick<AttemptLayout, 'directory'>): string => join(layout.directory, 'watch.json');

export async function keepView(
  layout: Pick<AttemptLayout, 'directory'>,
  kept: z.infer<typeof keptSchema>,
): Promise<void> {
  await writeWhole(path(layout), JSON.stringify(kept));
}

/** Whichever has seen more: the heartbeat's view or the one that was kept. */
export async function takeUpView(
  layout: Pick<AttemptLayout, 'directory'>,
  beaten: AttemptView,
): Promise<{ readonly view: AttemptView; readonly lost: boolean }> {
  const text = await readFile(path(layout), 'utf8').catch(() => '');
  const kept =
    text.length > 0 && text.length <= maxBytes ? keptSchema.safeParse(readJson(text)).data : undefined;
  if (!kept) return { view: beaten, lost: seen(beaten) > 0 };
  return { view: seen(kept.view) >= seen(beaten) ? kept.view : beaten, lost: !kept.handedOver };
}

function seen({ ranks }: AttemptView): number {
  return ranks.reduce((sum, { file }) => sum + file.offset, 0);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
