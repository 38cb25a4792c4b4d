/**
 * The writes that decide what a crash can lose, seen at the network's edge: just before the statement is sent to PostgreSQL,
 * and just after its commit is known, before anybody in this process learns of it.
 */
import pg from 'pg';

const operations = [
  ['claim', /^\s*insert into executions\b/],
  ['append', /\bfrom journal_append\(/],
  ['reply', /\bfrom journal_reply\(/],
  ['finish', /^update "executions" set "status" = \$\d+, "failure_kind"/],
  ['begin', /\bfrom llm_begin\(/],
  ['settle', /\bfrom llm_settle\(/],
] as const;

export type Operation = (typeof operations)[number][0];
export type Side = 'before' | 'after';

/** A point in a run: one side of the `nth` write of a kind, from 1. */
export interface Point {
  readonly operation: Operation;
  readonly nth: number;
  readonly side: Side;
}

/** May throw: then the statement is not sent, or its result is lost. `connection`: PostgreSQL's id of the process behind it. */
export type Watch = (point: Point, connection: number) => Promise<void> | void;

export function samePoint(a: Point, b: Point): boolean {
  return a.operation === b.operation && a.nth === b.nth && a.side === b.side;
}

type Query = (...args: unknown[]) => unknown;

/** Watches every connection of this process until disposed. */
export function watchStore(watch: Watch): Disposable {
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const query = prototype.query;
  const counts = new Map<Operation, number>();
  prototype.query = function (this: { processID?: number }, ...args: unknown[]) {
    const [text] = args;
    const operation = typeof text === 'string' ? operationOf(text) : undefined;
    if (!operation) return query.apply(this, args);
    return (async () => {
      const nth = (counts.get(operation) ?? 0) + 1;
      counts.set(operation, nth);
      const connection = this.processID ?? 0;
      await watch({ operation, nth, side: 'before' }, connection);
      const result = await query.apply(this, args);
      await watch({ operation, nth, side: 'after' }, connection);
      return result;
    })();
  };
  return { [Symbol.dispose]: () => void (prototype.query = query) };
}

function operationOf(text: string): Operation | undefined {
  return operations.find(([, form]) => form.test(text))?.[0];
}
