/**
 * Training runs under faults: many at a time of the chaos trainer, in a stack whose parts are struck too, and the product's own
 * trainer. What is promised under each fault: training/promises.ts.
 */
import { installedPython } from '../../workers/host/python-environment.ts';
import { chaosStack } from './training/chaos-stack.ts';
import { faultNames, suits } from './training/faults.ts';
import { byFault, type ChaosMetrics, metricsOf } from './training/figures.ts';
import type { RunReport } from './training/judge.ts';
import { promised } from './training/judge.ts';
import { type PartStrike, strikeParts } from './training/parts.ts';
import type { FaultName, PartFault } from './training/promises.ts';
import { killRealTrainer } from './training/real-trainer.ts';
import { canMakeRooms } from './training/room.ts';
import { type RunPlan, runUnderFaults } from './training/run.ts';

export interface ChaosForm {
  /** Faults after which no further run begins. */
  readonly kills: number;
  /** After which no further run begins either, once a quarter of the faults has struck. */
  readonly minutes: number;
  readonly runsAtOnce: number;
  /** Mean time between faults of the stack's parts. */
  readonly partsEveryMs: number;
  readonly partsLeftOut: readonly PartFault[];
  /** Of the product's own trainer. */
  readonly realKills: number;
  /** Every how many runs the real torchrun starts the ranks; 0 = never. */
  readonly torchrunEvery: number;
  readonly seed: number;
}

export interface ChaosResult {
  readonly metrics: ChaosMetrics;
  readonly byFault: Record<string, Record<string, number>>;
  readonly broken: readonly string[];
  /** Faults that this machine cannot have. */
  readonly notHere: readonly FaultName[];
}

const faultsPerRun = 5;
const leastShare = 0.25;

export async function chaosOfTraining(
  form: ChaosForm,
  note: (text: string) => void,
  stopped: AbortSignal,
): Promise<ChaosResult> {
  const { kills, runsAtOnce } = form;
  const random = generator(form.seed);
  const python = await installedPython('trainer', process.env);
  const notHere: FaultName[] = (await canMakeRooms()) ? [] : ['diskFilled'];
  await using stack = await chaosStack(note);
  const beganMs = Date.now();
  const reports: RunReport[] = [];
  const parts: PartStrike[] = [];
  const ended = new AbortController();
  let [struck, begun, lastMs] = [0, 0, 0];
  const strike = ({ atMs }: { readonly atMs: number }): void => {
    struck += 1;
    lastMs = Math.max(lastMs, atMs);
  };
  const strikes = { onStrike: strike, lastStrikeMs: () => lastMs };
  const partOptions = { everyMs: form.partsEveryMs, leaveOut: form.partsLeftOut, random };
  const striking = strikeParts(stack, { ...partOptions, signal: ended.signal }, (one) => {
    strike(one);
    parts.push(one);
    note(`${one.fault} (${struck} of ${kills})${one.broken ? `: BROKEN ${one.broken}` : ''}`);
  });
  const plans = planner(form, random, notHere, python);
  const isLate = (): boolean => Date.now() - beganMs > form.minutes * 60_000 && struck >= kills * leastShare;
  const isOver = (): boolean => struck >= kills || stopped.aborted || isLate();
  const lane = async (): Promise<void> => {
    while (!isOver()) {
      begun += 1;
      const report = await runUnderFaults(stack, plans(begun), random, strikes);
      reports.push(report);
      note(`${lineOf(report)} (${struck} of ${kills})`);
    }
    // The runs that are left end in peace.
    ended.abort();
  };
  const lanes = Promise.all(Array.from({ length: runsAtOnce }, lane)).finally(() => ended.abort());
  const real = killRealTrainer(stack, { kills: form.realKills, random, signal: stopped }, note);
  await Promise.allSettled([lanes, real, striking]);
  await Promise.all([lanes, striking]);
  const outcome = { reports, parts, real: await real };
  return {
    metrics: metricsOf(outcome),
    byFault: byFault(outcome),
    broken: [
      ...reports.flatMap(({ name, broken }) => broken.map((text) => `${name}: ${text}`)),
      ...parts.flatMap(({ fault, broken }) => (broken ? [`${fault}: ${broken}`] : [])),
    ],
    notHere,
  };
}

function lineOf({ name, stuck, weightsEqual, attempts, parked, struck, broken }: RunReport): string {
  const end = stuck ? 'STUCK' : weightsEqual ? 'equal' : 'DIFFERS';
  const outcomes = attempts.map(({ outcome }) => outcome ?? 'none').join(' ');
  const what = struck.map(({ fault, epoch }) => `${fault}@${epoch ?? '-'}`).join(' ');
  const wrong = broken.length > 0 ? `; BROKEN ${broken.join('; ')}` : '';
  return `${name}: ${end}, parked ${parked.length}; ${outcomes}; ${what}${wrong}`;
}

/** Each fault once before any comes again. */
function planner(
  { torchrunEvery, runsAtOnce }: ChaosForm,
  random: () => number,
  notHere: readonly FaultName[],
  python: string | null,
): (number: number) => RunPlan {
  let deck: FaultName[] = [];
  const draw = (fits: (fault: FaultName) => boolean): FaultName => {
    if (!deck.some(fits))
      deck = [...deck, ...shuffled(faultNames, random)].filter((fault) => !notHere.includes(fault));
    const [fault] = deck.splice(deck.findIndex(fits), 1);
    return fault as FaultName;
  };
  return (number) => {
    const torchrun = python !== null && torchrunEvery > 0 && number % torchrunEvery === 0;
    const ranks = torchrun || random() < 0.5 ? 2 : 1;
    const strikes = Array.from({ length: faultsPerRun }, () => {
      const fault = draw((one) => suits(one, { ranks, torchrun }) && (torchrun || one !== 'torchrunKilled'));
      return { fault, fromStep: Math.max(promised(fault).fromStep ?? 0, Math.floor(random() * 70)) };
    }).toSorted((a, b) => a.fromStep - b.fromStep);
    const torchrunOf = torchrun ? python : undefined;
    return { name: `chaos-${number}`, seed: number, ranks, runsAtOnce, torchrunOf, strikes };
  };
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
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
