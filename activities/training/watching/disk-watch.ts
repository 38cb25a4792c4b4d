/** Room for the next checkpoint: looked at now and then; when it is short, retention deletes, then people are told, then the run stops. */
import type { Notice } from '../../../workflows/training/contract.ts';
import { type AttemptView, leadOf } from '../attempt-view.ts';
import { diskFault } from '../checkpoints/disk.ts';

export type Room =
  | { readonly kind: 'enough' }
  | { readonly kind: 'short'; readonly notice: Notice }
  /** The next save is near and would be torn. */
  | { readonly kind: 'none'; readonly why: string };

const lookEveryMs = 5_000;
/** Seconds before the next save at which a run that has no room for it is stopped. */
const nearS = 15;

export interface DiskWatch {
  look(view: AttemptView, nowMs: number): Promise<Room>;
}

const enough: Room = { kind: 'enough' };

export function createDiskWatch(options: {
  readonly saveSteps: number;
  /** Rejects where nobody can say: then there is enough. */
  readonly freeBytes: () => Promise<number>;
  /** Deletes what retention allows. */
  readonly prune: () => Promise<void>;
}): DiskWatch {
  let lookedMs = -Infinity;
  return {
    async look(view, nowMs) {
      if (view.savedBytes === 0 || nowMs - lookedMs < lookEveryMs) return enough;
      lookedMs = nowMs;
      const fault = async () => diskFault(await options.freeBytes().catch(() => Infinity), view.savedBytes);
      if (!(await fault())) return enough;
      await options.prune();
      const why = await fault();
      if (!why) return enough;
      const { step, stepS } = leadOf(view);
      // How long a step takes is not known at first: then only the last one is near.
      const untilSaveS = (options.saveSteps - (step % options.saveSteps)) * (stepS ?? nearS);
      if (untilSaveS <= nearS) return { kind: 'none', why };
      return { kind: 'short', notice: { kind: 'lowDisk', step, text: why } };
    },
  };
}
