/** Lets a number of holders in at once; the others wait in order. */
export interface Gate {
  /** Resolves to the function that leaves again (idempotent). Rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createGate(places: number): Gate {
  let free = places;
  const queue: (() => void)[] = [];

  function pass(): () => void {
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      const next = queue.shift();
      if (next) next();
      else free += 1;
    };
  }

  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return pass();
      }
      return await new Promise((resolve, reject) => {
        const admitted = (): void => {
          signal.removeEventListener('abort', aborted);
          resolve(pass());
        };
        const aborted = (): void => {
          queue.splice(queue.indexOf(admitted), 1);
          reject(signal.reason);
        };
        queue.push(admitted);
        signal.addEventListener('abort', aborted, { once: true });
      });
    },
  };
}
