import type { ReportData } from '../../workflows/evaluation/report-data.ts';

/** How much of each text the page carries. The whole texts are in report.json; the page stays below 3 MB. */
export interface Detail {
  /** Characters at most, by kind of text. */
  readonly excerpt: number;
  readonly query: number;
  readonly answer: number;
  readonly reason: number;
  readonly call: number;
  /** Calls of a trace at most. */
  readonly calls: number;
  readonly program: number;
  /** Programs at most, the most used first. */
  readonly programs: number;
}

/** From everything to the least, each about two thirds of the one before. */
const details: readonly Detail[] = Array.from({ length: 26 }, (_, step) => detailAt(0.66 ** step));

function detailAt(scale: number): Detail {
  return {
    excerpt: between(40, 30_000 * scale, 140),
    query: orNone(100_000 * scale),
    answer: orNone(60_000 * scale),
    reason: between(0, 20_000 * scale, 1_000),
    call: orNone(40_000 * scale),
    calls: between(1, 2_000 * scale, 500),
    program: between(1_000, 400_000 * scale, 200_000),
    programs: between(5, 10_000 * scale, 10_000),
  };
}

function between(low: number, value: number, high: number): number {
  return Math.round(Math.min(high, Math.max(low, value)));
}

/** A few characters of a text are worse than none. */
function orNone(characters: number): number {
  return characters < 40 ? 0 : Math.round(characters);
}

/** The most detailed page that fits, or the least detailed one. */
export function fitDetail(data: ReportData, render: (detail: Detail) => string): string {
  const possible = details.filter((detail) => textBytes(data, detail) < maxPageBytes);
  let [low, high, best] = [0, possible.length - 1, ''];
  while (low <= high) {
    const step = Math.floor((low + high) / 2);
    const page = render(possible[step] ?? detailAt(0));
    if (Buffer.byteLength(page) <= maxPageBytes) [best, high] = [page, step - 1];
    else low = step + 1;
  }
  return best === '' ? render(detailAt(0)) : best;
}

/** At least what the page will weigh, without markup and escapes: spares rendering pages that cannot fit. */
function textBytes(data: ReportData, detail: Detail): number {
  let bytes = 0;
  for (const item of data.items) {
    bytes += 300 + Math.min(item.answer.length, detail.answer) + Math.min(item.reason.length, detail.reason);
    if (detail.call === 0) continue;
    for (const call of item.calls.slice(0, detail.calls)) {
      bytes += 150 + Math.min(call.request.length, detail.call) + Math.min(call.reply.length, detail.call);
    }
  }
  return bytes;
}

const maxPageBytes = 2_900_000;
