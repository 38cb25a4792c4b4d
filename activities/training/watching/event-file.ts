/**
 * Reading one rank's event file from a position on: whole lines alone, a bounded part of the file per call. A torn last
 * line waits for its rest, a line that is too long is passed over, a file that shrank is read again from its beginning.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { parseEventLine, type TrainerEvent } from './event.ts';

export const filePositionSchema = z.object({
  /** Bytes that are folded in. */
  offset: z.number().int(),
  /** Inside a line that is too long: what comes before its end is passed over. */
  inLongLine: z.boolean(),
  /** `seq` of the next event. */
  seq: z.number().int(),
  /** The file shrank and is read again: events below `seq` were seen. */
  rereading: z.boolean(),
  /** What was not as it should be, counted. */
  garbage: z.number().int(),
  foreign: z.number().int(),
  gaps: z.number().int(),
  shrunk: z.number().int(),
  restarts: z.number().int(),
});
export type FilePosition = z.infer<typeof filePositionSchema>;

export const fileStart: FilePosition = {
  ...{ offset: 0, inLongLine: false, seq: 0, rereading: false },
  ...{ garbage: 0, foreign: 0, gaps: 0, shrunk: 0, restarts: 0 },
};

export interface EventSlice {
  readonly events: readonly TrainerEvent[];
  readonly position: FilePosition;
  /** The slice was full: there is more. */
  readonly more: boolean;
}

const sliceBytes = 256 * 1024;
/** The protocol writes at most 4 KiB; foreign writers get some room. */
const maxLineBytes = 64 * 1024;

/** A missing or unreadable file holds no events. */
export async function readEventFile(path: string, from: FilePosition, epoch: number): Promise<EventSlice> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return { events: [], position: from, more: false };
  try {
    return await readSlice(file, from, epoch);
  } finally {
    await file.close();
  }
}

async function readSlice(file: FileHandle, from: FilePosition, epoch: number): Promise<EventSlice> {
  const stat = await file.stat();
  const start: FilePosition =
    stat.size < from.offset
      ? { ...from, offset: 0, inLongLine: false, rereading: true, shrunk: from.shrunk + 1 }
      : from;
  if (!stat.isFile() || stat.size === start.offset) return { events: [], position: start, more: false };
  const buffer = Buffer.alloc(Math.min(sliceBytes, stat.size - start.offset));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start.offset);
  const bytes = buffer.subarray(0, bytesRead);
  const more = start.offset + bytesRead < stat.size;
  const end = bytes.lastIndexOf(10);
  if (end < 0) {
    const tooLong = start.inLongLine || bytesRead > maxLineBytes;
    const position = tooLong ? { ...start, inLongLine: true, offset: start.offset + bytesRead } : start;
    return { events: [], position, more: more && tooLong };
  }
  const lines = bytes.toString('utf8', 0, end).split('\n');
  const position = { ...start, offset: start.offset + end + 1, inLongLine: false };
  if (start.inLongLine) {
    lines.shift();
    position.garbage += 1;
  }
  const events = lines.flatMap((line) => accept(line, epoch, position));
  return { events, position, more };
}

/** Zero or one event; `position` is brought on. */
function accept(line: string, epoch: number, position: FilePosition): TrainerEvent[] {
  if (line === '') return [];
  const parsed = line.length > maxLineBytes ? ({ kind: 'garbage' } as const) : parseEventLine(line, epoch);
  if (parsed.kind !== 'event') {
    position[parsed.kind] += 1;
    return [];
  }
  const { event } = parsed;
  if (position.rereading && event.seq < position.seq) return [];
  position.rereading = false;
  if (event.seq >= position.seq) position.gaps += event.seq - position.seq;
  // A file only grows: 0 again means that the writer began anew, as a launcher that restarts a rank makes it.
  else if (event.seq === 0) position.restarts += 1;
  else {
    position.garbage += 1;
    return [];
  }
  position.seq = event.seq + 1;
  return [event];
}
