/** The metrics of a chaos from the reports of its runs. */
import type { AttemptEnd, RunReport, Struck } from './judge.ts';
import { promised } from './judge.ts';
import type { PartStrike } from './parts.ts';
import type { RealReport } from './real-trainer.ts';

export interface ChaosMetrics {
  /** Faults that struck, of runs and parts. */
  readonly kills: number;
  readonly runs: number;
  /** Trainers that found another one of their run alive. */
  readonly duplicates: number;
  readonly stuck: number;
  readonly falseSuccesses: number;
  /** Runs that ended otherwise than with a model. */
  readonly failures: number;
  readonly weightsEqualRate: number;
  /** Steps made again, per fault that ended an attempt. */
  readonly stepsLost: number;
  /** From a crash until the database knew its class; crashes near a fault of the stack's parts say nothing of it. */
  readonly detectionP50S: number;
  readonly detectionP99S: number;
  readonly detections: number;
  /** The same for trainers that stand still; the floor of a hang is 4 s here. */
  readonly hangDetectionP50S: number;
  readonly hangDetectionMaxS: number;
  readonly corruptNewest: number;
  readonly corruptNewestRolledBack: number;
  /** Attempts that no fault explains: a worker's, a server's or a watch's end that stopped a trainer. */
  readonly needlessRestarts: number;
  readonly falseHangs: number;
  readonly otherBroken: number;
  readonly parked: number;
  readonly attempts: number;
  readonly realKills: number;
  readonly realRuns: number;
  readonly realModelsEqualRate: number;
}

export interface Outcome {
  readonly reports: readonly RunReport[];
  readonly parts: readonly PartStrike[];
  readonly real: RealReport;
}

export function metricsOf({ reports, parts, real }: Outcome): ChaosMetrics {
  const succeeded = reports.filter((report) => report.succeeded);
  const equal = succeeded.filter(({ weightsEqual }) => weightsEqual).length;
  const struck = reports.flatMap((report) => report.struck);
  const sum = (of: (report: RunReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const ending = struck.filter(({ fault }) => promised(fault).attempt !== 'lives').length;
  const crashes = detectionsOf('crash', reports, parts);
  const hangs = detectionsOf('hang', reports, parts);
  const stuck = reports.filter((report) => report.stuck).length;
  return {
    ...{ kills: struck.length + parts.length, runs: reports.length },
    duplicates: sum(({ duplicates }) => duplicates),
    stuck,
    falseSuccesses: succeeded.length - equal,
    failures: reports.length - succeeded.length - stuck,
    weightsEqualRate: reports.length === 0 ? 0 : equal / reports.length,
    stepsLost: round(sum(({ stepsLost }) => stepsLost) / Math.max(1, ending)),
    ...{ detectionP50S: quantile(crashes, 0.5), detectionP99S: quantile(crashes, 0.99) },
    detections: crashes.length,
    ...{ hangDetectionP50S: quantile(hangs, 0.5), hangDetectionMaxS: quantile(hangs, 1) },
    corruptNewest: sum(({ corrupt }) => corrupt.struck),
    corruptNewestRolledBack: sum(({ corrupt }) => corrupt.rolledBack),
    needlessRestarts: sum(({ needless }) => needless),
    falseHangs: sum(({ falseHangs }) => falseHangs),
    otherBroken: sum(({ broken }) => broken.length) + parts.filter(({ broken }) => broken).length,
    parked: sum(({ parked }) => parked.length),
    attempts: sum(({ attempts }) => attempts.length),
    ...{ realKills: real.kills, realRuns: real.runs },
    realModelsEqualRate: real.runs === 0 ? 1 : real.equal / real.runs,
  };
}

/** How often each fault struck, and how the attempts that it struck ended. */
export function byFault({ reports, parts }: Outcome): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {};
  const add = (fault: string, what: string): void => {
    const row = (table[fault] ??= { struck: 0 });
    row[what] = (row[what] ?? 0) + 1;
  };
  for (const { struck, attempts } of reports)
    for (const { fault, epoch } of struck) {
      add(fault, 'struck');
      const outcome = attempts.find((attempt) => attempt.epoch === epoch)?.outcome;
      if (outcome) add(fault, outcome);
    }
  for (const { fault } of parts) add(fault, 'struck');
  return table;
}

/** After which the watches are back: the heartbeat timeout and some. */
const reattachMs = 30_000;

/** Seconds from a fault of this kind until the run knew of the attempt's end, sorted. */
function detectionsOf(
  kind: 'crash' | 'hang',
  reports: readonly RunReport[],
  parts: readonly PartStrike[],
): number[] {
  const found = reports.flatMap(({ struck, attempts }) =>
    struck.flatMap((strike) => {
      const attempt = attempts.find(({ epoch }) => epoch === strike.epoch);
      if (promised(strike.fault).attempt !== kind || !attempt) return [];
      return disturbed(strike, attempt, struck, parts) ? [] : [(attempt.endedMs - strike.atMs) / 1_000];
    }),
  );
  return found.filter((seconds) => seconds >= 0).toSorted((a, b) => a - b);
}

function disturbed(
  { atMs, epoch }: Struck,
  { endedMs }: AttemptEnd,
  struck: readonly Struck[],
  parts: readonly PartStrike[],
): boolean {
  const first = struck.find((one) => one.epoch === epoch && promised(one.fault).attempt !== 'lives');
  if (first?.atMs !== atMs) return true;
  const outages = [
    ...parts.map((one) => ({ from: one.atMs, to: (one.overMs ?? Infinity) + reattachMs })),
    ...struck
      .filter((one) => one.epoch === undefined || one.fault === 'watchPaused' || one.fault === 'watchReset')
      .map((one) => ({ from: one.atMs, to: one.atMs + reattachMs })),
  ];
  return outages.some(({ from, to }) => from < endedMs && to > atMs);
}

function quantile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return round(value ?? Number.NaN);
}

const round = (value: number): number => Number(value.toPrecision(4));
