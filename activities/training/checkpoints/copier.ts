/**
 * Copies in the background of a watch: one pass at a time, another one when something was verified meanwhile. Problems are
 * in the database, and the next pass tries again; the training does not wait for a bucket.
 */
import { copyMissing, type CopyPlace } from './copy.ts';
import type { CheckpointScope } from './rows.ts';

export interface Copier {
  kick(): void;
  /** Resolves when the pass at hand is over. */
  idle(): Promise<void>;
}

export function createCopier(scope: CheckpointScope, place: CopyPlace | undefined): Copier {
  let wanted = false;
  let running: Promise<void> | undefined;
  const pass = async (): Promise<void> => {
    while (wanted && place) {
      wanted = false;
      // A database that is away is the watch's to tell.
      await copyMissing(scope, place).catch(() => {});
    }
    running = undefined;
  };
  return {
    kick() {
      wanted = true;
      running ??= pass();
    },
    async idle() {
      await running;
    },
  };
}
