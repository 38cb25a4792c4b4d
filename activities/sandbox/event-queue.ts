/** Events from many sources, read once and in order by one consumer. */
export interface EventQueue<T> extends AsyncIterable<T> {
  push(event: T): void;
  /** No more events after those already pushed; with an error, the consumer gets it then. */
  close(error?: Error): void;
}

export function createEventQueue<T>(): EventQueue<T> {
  const events: T[] = [];
  let end: { readonly error?: Error | undefined } | null = null;
  let wake: () => void = () => {};
  return {
    push(event) {
      if (end === null) events.push(event);
      wake();
    },
    close(error) {
      end ??= { error };
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        while (events.length > 0) yield events.shift() as T;
        if (end?.error) throw end.error;
        if (end) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
