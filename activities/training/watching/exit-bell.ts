/** Rings when an attempt's record of its end is written: a crash is noticed at once, and the watch looks around seldom. */
import { watch } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import type { AttemptLayout } from '../layout.ts';

export interface ExitBell extends Disposable {
  /** Resolves once the record is there; a look around remains the watcher's duty, as file systems may keep silent. */
  readonly rung: Promise<void>;
  isThere(): Promise<boolean>;
}

export function createExitBell(layout: Pick<AttemptLayout, 'directory' | 'exit'>): ExitBell {
  const name = basename(layout.exit);
  let ring = (): void => {};
  const rung = new Promise<void>((resolve) => {
    ring = resolve;
  });
  const watcher = watchQuietly(layout.directory, (changed) => {
    if (changed === name) ring();
  });
  return {
    rung,
    isThere: () =>
      access(layout.exit).then(
        () => true,
        () => false,
      ),
    [Symbol.dispose]() {
      watcher?.close();
    },
  };
}

/** Undefined where there are no more watches to be had. */
function watchQuietly(directory: string, changed: (name: string | null) => void) {
  try {
    return watch(directory, { persistent: false }, (_, name) => changed(name)).on('error', () => {});
  } catch {
    return undefined;
  }
}
