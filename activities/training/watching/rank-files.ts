/** Reads the event files of all ranks into one view: each event once, in its rank's order, a bounded part per look. */
import { readdir, stat } from 'node:fs/promises';
import { type AttemptView, foldEvents } from '../attempt-view.ts';
import type { AttemptLayout } from '../layout.ts';
import type { TrainerEvent } from './event.ts';
import { readEventFile } from './event-file.ts';
import { foldRank, type RankView, unseenRank } from './rank-view.ts';

const maxRanks = 1_024;
const fileName = /^events\.(0|[1-9]\d{0,3})\.jsonl$/;
/** Slices of 256 KiB per rank and look, so that a flood of one rank leaves time for the others. */
const slicesPerLook = 8;
/** At the end, what is beyond this stays unread. */
const slicesAtEnd = 256;
const listEveryMs = 1_000;

export interface RankFiles {
  view: AttemptView;
  read(nowMs: number): Promise<void>;
  /** Once nothing is written any more. */
  readToEnd(nowMs: number): Promise<void>;
}

export function createRankFiles(options: {
  readonly layout: Pick<AttemptLayout, 'directory' | 'eventsOf'>;
  readonly epoch: number;
  /** Where an earlier watch had got to. */
  readonly view: AttemptView;
  /** Before the event is folded into the rank's view. */
  readonly onEvent: (rank: RankView, event: TrainerEvent, nowMs: number) => void;
}): RankFiles {
  const { layout, epoch, onEvent } = options;
  let listedMs = -Infinity;

  const list = async (): Promise<void> => {
    const { ranks, worldSize } = files.view;
    if (worldSize !== null && ranks.length >= worldSize) return;
    const names: string[] = await readdir(layout.directory).catch(() => []);
    const found = names.flatMap((name) => fileName.exec(name)?.[1] ?? []).map(Number);
    const fresh = found.filter((rank) => rank < maxRanks && !ranks.some((known) => known.rank === rank));
    if (fresh.length === 0) return;
    const all = [...ranks, ...fresh.map(unseenRank)].toSorted((a, b) => a.rank - b.rank);
    files.view = { ...files.view, ranks: all };
  };

  const readRank = async (rank: RankView, slices: number, nowMs: number): Promise<void> => {
    const path = layout.eventsOf(rank.rank);
    const size = await stat(path).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined || size === rank.file.offset) return;
    let mine = rank;
    for (let slice = 0; slice < slices; slice += 1) {
      const before = mine;
      const { events, position, more } = await readEventFile(path, mine.file, epoch);
      for (const event of events) {
        onEvent(mine, event, nowMs);
        mine = foldRank(mine, event);
      }
      files.view = foldEvents(files.view, { ...before, file: position }, events);
      mine = files.view.ranks.find((known) => known.rank === rank.rank) as RankView;
      if (!more) return;
    }
  };

  const readAll = async (slices: number, nowMs: number): Promise<void> => {
    for (const rank of files.view.ranks) await readRank(rank, slices, nowMs);
  };

  const files: RankFiles = {
    view: options.view,
    async read(nowMs) {
      if (nowMs - listedMs >= listEveryMs) {
        listedMs = nowMs;
        await list();
      }
      await readAll(slicesPerLook, nowMs);
    },
    async readToEnd(nowMs) {
      await list();
      await readAll(slicesAtEnd, nowMs);
    },
  };
  return files;
}
