/** Between code under test and its tests, which are in processes of their own: hands asks to the code, one at a time, and its
 * answers back, as they stand. */
export interface CodeExchange {
  /** The code has run and serves. */
  readonly begun: boolean;
  onBegun: () => void;
  toSubject: (id: number, ask: string) => void;
  toExaminer: (
    id: number,
    reply: { ok: true; value: string } | { ok: false; error: { message: string } },
  ) => void;
  served(id: number, told: string): void;
  asked(id: number, ask: string): void;
  lost(reason: string): void;
}

export function createCodeExchange(): CodeExchange {
  const waiting: { readonly id: number; readonly ask: string }[] = [];
  let free: number | null = null;
  let current: number | null = null;
  let begun = false;
  let gone: string | null = null;

  function next(exchange: CodeExchange): void {
    if (gone !== null) {
      const error = { message: gone };
      for (const { id } of waiting.splice(0)) exchange.toExaminer(id, { ok: false, error });
    }
    if (free === null || current !== null) return;
    const ask = waiting.shift();
    if (!ask) return;
    current = ask.id;
    const id = free;
    free = null;
    exchange.toSubject(id, ask.ask);
  }

  return {
    get begun() {
      return begun;
    },
    onBegun() {},
    toSubject() {},
    toExaminer() {},
    served(id, told) {
      free = id;
      if (current !== null) this.toExaminer(current, { ok: true, value: told });
      current = null;
      if (!begun) {
        begun = true;
        this.onBegun();
      }
      next(this);
    },
    asked(id, ask) {
      waiting.push({ id, ask });
      next(this);
    },
    lost(reason) {
      gone = reason;
      free = null;
      if (current !== null) waiting.unshift({ id: current, ask: '' });
      current = null;
      next(this);
    },
  };
}
