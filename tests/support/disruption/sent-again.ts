/**
 * Which calls a run sent more than once, by what the model server received: one that was on record by then was paid for twice;
 * one that was under way when something was killed, or until that was up again, could not be known: no reply is recorded while
 * PostgreSQL is away, and what a killed process sent may arrive after it.
 */
import type { RequestLine } from '../../../clients/dev/simulator/request-log.ts';
import type { Kill } from './kill-parts.ts';
import { callOf } from './watch-requests.ts';

export interface SentAgain {
  readonly calls: number;
  readonly received: number;
  /** Requests for a call whose reply was on record before. */
  readonly recordedAgain: number;
  /** Further requests for a call that was under way while something was killed or away. */
  readonly inFlightAgain: number;
  /** Further requests for a call since whose last request nothing was killed or away. */
  readonly unexplained: number;
  /** Calls received and not on record, summed over the kills: what `inFlightAgain` can be at most. */
  readonly inFlightAtKills: number;
}

/** `recordedMs`: when each call's reply was put on record, in milliseconds since 1970. */
export function sentAgain(
  lines: readonly RequestLine[],
  kills: readonly Kill[],
  recordedMs: ReadonlyMap<string, number>,
): SentAgain {
  const received = new Map<string, number[]>();
  for (const line of lines)
    if (line.event === 'received')
      received.set(callOf(line), [...(received.get(callOf(line)) ?? []), line.atMs]);
  let [total, recordedAgain, inFlightAgain, unexplained, inFlightAtKills] = [0, 0, 0, 0, 0];
  for (const [call, timesMs] of received) {
    const onRecordMs = recordedMs.get(call) ?? Infinity;
    total += timesMs.length;
    for (const [index, atMs] of timesMs.entries()) {
      const beforeMs = timesMs[index - 1];
      if (beforeMs === undefined) continue;
      if (atMs > onRecordMs) recordedAgain += 1;
      else if (kills.some((kill) => kill.backMs >= beforeMs && kill.beforeMs <= atMs)) inFlightAgain += 1;
      else unexplained += 1;
    }
    const firstMs = timesMs[0] ?? Infinity;
    inFlightAtKills += kills.filter((kill) => firstMs <= kill.backMs && kill.beforeMs < onRecordMs).length;
  }
  return {
    calls: received.size,
    received: total,
    recordedAgain,
    inFlightAgain,
    unexplained,
    inFlightAtKills,
  };
}
