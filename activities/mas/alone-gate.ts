/**
 * Admission within one process: many executions share it, or one has it alone. An execution that was in flight when two
 * workers died is suspected of having killed them; alone, it can only take itself down.
 */
export interface AloneGate {
  shared<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until all shared work has ended, and holds new work back until this has. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createAloneGate(): AloneGate {
  let running = 0;
  /** The chain of those that want the process for themselves. */
  let exclusive: Promise<void> = Promise.resolve();
  let exclusives = 0;
  let whenIdle: (() => void) | null = null;

  return {
    async shared(work) {
      while (exclusives > 0) await exclusive;
      running += 1;
      try {
        return await work();
      } finally {
        running -= 1;
        if (running === 0) whenIdle?.();
      }
    },
    async alone(work) {
      exclusives += 1;
      const before = exclusive;
      let leave = (): void => {};
      exclusive = new Promise((resolve) => (leave = resolve));
      try {
        await before;
        if (running > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
        return await work();
      } finally {
        whenIdle = null;
        exclusives -= 1;
        leave();
      }
    },
  };
}
