/** Counts chat requests by the sha256 of their body, so that repeated calls can be proved, and tells the log of them. */
import type { RequestLog } from './request-log.ts';

export interface RequestStats {
  readonly simulated: true;
  /** Chat requests received, faulted ones included. */
  readonly received: number;
  /** Requests that were answered whole. */
  readonly answered: number;
  /** Answers to bodies that had been answered before: 0 when no finished call was made again. */
  readonly repeated: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Answers by hash of the request's body. */
  readonly byHash: Readonly<Record<string, number>>;
}

/** Which request it is: see `RequestLine`. */
export interface RequestName {
  readonly hash: string;
  readonly call: string | null;
}

export class RequestCounts {
  readonly #log: RequestLog;
  readonly #received = new Map<string, number>();
  readonly #answered = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  #receivedTotal = 0;
  #answeredTotal = 0;

  constructor(log: RequestLog) {
    this.#log = log;
  }

  /** Returns how often this body came before. */
  receive(request: RequestName): number {
    const { hash } = request;
    this.#log.write({ event: 'received', ...request });
    const before = this.#received.get(hash) ?? 0;
    this.#received.set(hash, before + 1);
    this.#receivedTotal++;
    return before;
  }

  answer(request: RequestName): void {
    const { hash } = request;
    this.#log.write({ event: 'answered', ...request });
    this.#answered.set(hash, (this.#answered.get(hash) ?? 0) + 1);
    this.#answeredTotal++;
  }

  fault(kind: string): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  stats(): RequestStats {
    return {
      simulated: true,
      received: this.#receivedTotal,
      answered: this.#answeredTotal,
      repeated: this.#answeredTotal - this.#answered.size,
      faults: Object.fromEntries(this.#faults),
      byHash: Object.fromEntries(this.#answered),
    };
  }
}
