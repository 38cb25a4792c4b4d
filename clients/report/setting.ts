/** A setting: one benchmark with one driver, the unit in which systems are compared. */
import type { ReportData } from '../../workflows/evaluation/report-data.ts';

export type Row = ReportData['rows'][number];

export interface Setting {
  readonly benchmark: string;
  readonly driver: string;
  /** "GSM8K", and the driver where there are several. */
  readonly title: string;
  readonly rows: readonly Row[];
  /** Systems on the front of accuracy against cost. */
  readonly front: ReadonlySet<string>;
}

export function settingsOf(data: ReportData): readonly Setting[] {
  const severalDrivers = new Set(data.rows.map((row) => row.driver)).size > 1;
  const keys = new Map(data.rows.map((row) => [JSON.stringify([row.benchmark, row.driver]), row]));
  return [...keys.values()].map(({ benchmark, driver }) => {
    const title = data.benchmarks.find((entry) => entry.name === benchmark)?.title ?? benchmark;
    const front = data.fronts.find((entry) => entry.benchmark === benchmark && entry.driver === driver);
    return {
      benchmark,
      driver,
      title: severalDrivers ? `${title} with ${driver}` : title,
      rows: data.rows.filter((row) => row.benchmark === benchmark && row.driver === driver),
      front: new Set(front?.systems),
    };
  });
}

export interface CostAxis {
  readonly title: string;
  readonly of: (row: Row) => number;
}

/** Money where any is charged, else tokens. Never inference counts, which hide the length of prompts. */
export function costAxis(rows: readonly Row[]): CostAxis {
  if (rows.some((row) => row.costUsd > 0)) {
    return { title: 'US dollars per 1,000 items', of: (row) => (1_000 * row.costUsd) / Math.max(1, row.n) };
  }
  return { title: 'Tokens per item', of: (row) => (row.tokensIn + row.tokensOut) / Math.max(1, row.n) };
}
