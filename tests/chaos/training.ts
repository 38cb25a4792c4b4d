/**
 * Training runs under faults: many at a time of the chaos trainer, in a stack whose parts are killed. Promised: no two trainers of a
 * run at once, no run that never ends, no success that is none, and the weights of an undisturbed run.
 */
import { chaosStack } from './training/chaos-stack.ts';
import { faults } from './training/faults.ts';
import { killRealTrainer, type RealReport } from './training/real-trainer.ts';
import { type RunPlan, type RunReport, runUnderFaults, type Struck } from './training/run.ts';
import { killParts } from './training/stack-kills.ts';

export interface ChaosForm {
  /** Faults after which no further run begins. */
  readonly kills: number;
  readonly runsAtOnce: number;
  /** Mean time between kills of the stack's parts. */
  readonly partsEveryMs: number;
  /** Of the product's own trainer, after the others. */
  readonly realKills: number;
  readonly seed: number;
}

export interface ChaosMetrics {
  readonly kills: number;
  readonly runs: number;
  readonly duplicates: number;
  readonly stuck: number;
  readonly falseSuccesses: number;
  readonly failures: number;
  readonly weightsEqualRate: number;
  /** Steps made again, per fault that ended an attempt. */
  readonly stepsLost: number;
  readonly detectionP50S: number;
  readonly detectionP99S: number;
  readonly parked: number;
  readonly realKills: number;
  readonly realRuns: number;
  readonly realModelsEqualRate: number;
}

const faultsPerRun = 5;

export async function chaosOfTraining(
  form: ChaosForm,
  note: (text: string) => void,
): Promise<{ metrics: ChaosMetrics; reports: RunReport[]; byFault: Record<string, number> }> {
  const { kills, runsAtOnce, partsEveryMs, realKills, seed } = form;
  const random = generator(seed);
  await using stack = await chaosStack(note);
  const struck: Struck[] = [];
  const reports: RunReport[] = [];
  const ended = new AbortController();
  const onStrike = (one: Struck): void => void struck.push(one);
  const lastStrikeMs = (): number => struck.at(-1)?.atMs ?? 0;
  const killing = killParts(stack, { everyMs: partsEveryMs, random, signal: ended.signal }, onStrike);
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (struck.length < kills) {
      begun += 1;
      const report = await runUnderFaults(stack, planOf(begun, random), random, { onStrike, lastStrikeMs });
      reports.push(report);
      const { name, attempts, weightsEqual, stuck, parked } = report;
      const end = stuck ? 'STUCK' : weightsEqual ? 'equal' : (report.failure ?? 'DIFFERS');
      const what = report.struck.map(({ fault }) => fault).join(' ');
      note(
        `${name}: ${end}, ${attempts} attempts, parked ${parked.length}; ${what} (${struck.length} of ${kills})`,
      );
    }
  };
  await Promise.all(Array.from({ length: runsAtOnce }, lane)).finally(() => ended.abort());
  await killing;
  const real = await killRealTrainer(stack, { kills: realKills, random }, note);
  return {
    metrics: { ...metricsOf(struck, reports), ...realMetrics(real) },
    reports,
    byFault: countsOf(struck),
  };
}

function planOf(number: number, random: () => number): RunPlan {
  const names = Object.keys(faults);
  const ranks = random() < 0.5 ? 1 : 2;
  const strikes = Array.from({ length: faultsPerRun }, () => ({
    fault: names[Math.floor(random() * names.length)] ?? 'trainerKilled',
    fromStep: Math.floor(random() * 55),
  })).toSorted((a, b) => a.fromStep - b.fromStep);
  return { name: `chaos-${number}`, seed: number, ranks, strikes };
}

function realMetrics({ kills, runs, equal }: RealReport): Pick<ChaosMetrics, RealMetric> {
  return { realKills: kills, realRuns: runs, realModelsEqualRate: equal / runs };
}

type RealMetric = 'realKills' | 'realRuns' | 'realModelsEqualRate';

function metricsOf(struck: readonly Struck[], reports: readonly RunReport[]): Omit<ChaosMetrics, RealMetric> {
  const succeeded = reports.filter((report) => report.succeeded);
  const equal = succeeded.filter(({ weightsEqual }) => weightsEqual).length;
  const detections = detectionsOf(struck, reports).toSorted((a, b) => a - b);
  const at = (share: number): number =>
    detections[Math.min(detections.length - 1, Math.floor(share * detections.length))] ?? Number.NaN;
  const sum = (of: (report: RunReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const ending = struck.filter(({ fault }) => faults[fault]?.ends !== 'none').length;
  return {
    ...{ kills: struck.length, runs: reports.length },
    duplicates: sum(({ duplicates }) => duplicates),
    stuck: reports.filter(({ stuck }) => stuck).length,
    falseSuccesses: succeeded.length - equal,
    failures: reports.length - succeeded.length,
    weightsEqualRate: reports.length === 0 ? 0 : equal / reports.length,
    stepsLost: sum(({ stepsLost }) => stepsLost) / Math.max(1, ending),
    ...{ detectionP50S: at(0.5), detectionP99S: at(0.99) },
    parked: sum(({ parked }) => parked.length),
  };
}

/** Seconds from a crash until the run knew of the attempt's end; crashes near a kill of the stack's parts say nothing of it. */
function detectionsOf(struck: readonly Struck[], reports: readonly RunReport[]): number[] {
  const outages = struck.filter(({ fault }) => fault in faults === false);
  return reports.flatMap(({ struck: own, noticedMs }) =>
    own.flatMap(({ fault, atMs }) => {
      const noticed = noticedMs.filter((ms) => ms >= atMs).toSorted((a, b) => a - b)[0];
      if (faults[fault]?.ends !== 'crash' || noticed === undefined) return [];
      const disturbed = outages.some((outage) => outage.atMs > atMs - 15_000 && outage.atMs < noticed);
      return disturbed ? [] : [(noticed - atMs) / 1_000];
    }),
  );
}

function countsOf(struck: readonly Struck[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { fault } of struck) counts[fault] = (counts[fault] ?? 0) + 1;
  return counts;
}

/** mulberry32: the same faults for the same seed, as far as their moments allow. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
