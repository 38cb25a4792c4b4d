/**
 * What supervision costs. The same training of the product's trainer, supervised and as a plain child process without events, in turns:
 * wall time, CPU time, the very same model. Then what interruptions cost: SIGKILL of that trainer and of a short one, of the worker, and
 * goodput under faults against the formula. Rounds of 20 steps; `--long`: of ten minutes, by the steps' time on this machine.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ownRecipes } from '../../activities/training/recipe.ts';
import { chaosStack, type ChaosStack } from '../chaos/training/chaos-stack.ts';
import { startRun } from '../chaos/training/operate.ts';
import { sftJsonl } from '../support/sft-rows.ts';
import type { BenchOptions, BenchResult } from './main.ts';
import { type TrainingTimes, trainBare } from './supervision/bare-run.ts';
import { goodputOf, measureGoodput } from './supervision/goodput.ts';
import { killAndResume, killWorker, type Resumed, standInRun } from './supervision/interruptions.ts';
import {
  endOf,
  eventsOf,
  layoutOf,
  type SupervisedTimes,
  targetOf,
  trainSupervised,
  until,
} from './supervision/supervised-run.ts';
import { treeCpuMs } from './support/cpu-time.ts';
import { median, round } from './support/figures.ts';

const dataset = 'rows';
const rounds = 2;
const shortSteps = 40;
const longS = 600;
const kills = 5;
/** Between checkpoints of a training of hours, and faults in one. */
const [usualIntervalS, usualFaultsPerHour] = [600, 6];

export default async function benchSupervision(
  note: (text: string) => void,
  { long = false }: BenchOptions = {},
): Promise<BenchResult> {
  await using stack = await chaosStack(note);
  await stack.addDataset('programs', sftJsonl(64, 1));
  const real = { dataset: 'programs', recipe: 'real' };
  const short = await resumeStandIn(stack, note);
  const reattached = await killWorker(
    stack,
    await standInRun(stack, 'reattached', { dataset, maxSteps: 600, saveSteps: 200, stepS: 0.1 }),
  );
  note(`re-attached after ${round(reattached.seconds)} s: ${reattached.attempts} attempts`);
  const goodput = await measureGoodput(stack, dataset);
  note(`goodput ${round(goodput.measured)}, by the formula ${round(goodput.byFormula)}`);
  const resumed = await resumeReal(stack, real, note);
  const steps = long ? Math.ceil(longS / resumed.stepS) : shortSteps;
  await addRecipe(stack, real.recipe, steps);

  const supervised: SupervisedTimes[] = [];
  const bare: TrainingTimes[] = [];
  const others: number[] = [];
  const idle = await cpuOfOthers(stack);
  for (let turn = 0; turn < (long ? 1 : rounds); turn += 1) {
    const target = targetOf(stack, `turn-${turn}`, real);
    const before = await idle.now();
    const times = await trainSupervised(target);
    others.push((await idle.now()) - before - idle.perS * times.wholeS);
    supervised.push(times);
    bare.push(await trainBare(layoutOf(target, 1), join(stack.home, 'bare', String(turn))));
    const { seconds, cpuS } = bare.at(-1) as TrainingTimes;
    note(`turn ${turn + 1}: supervised ${round(times.seconds)} s, CPU ${round(times.cpuS)} s`);
    note(`turn ${turn + 1}: bare ${round(seconds)} s, CPU ${round(cpuS)} s`);
  }
  const of = <T>(values: readonly T[], pick: (value: T) => number): number => round(median(values.map(pick)));
  const trainS = median(bare.map(({ seconds }) => seconds));
  const usual = { intervalS: usualIntervalS, faultsPerS: usualFaultsPerHour / 3_600 };
  return {
    metrics: {
      steps,
      bareSeconds: of(bare, ({ seconds }) => seconds),
      supervisedSeconds: of(supervised, ({ seconds }) => seconds),
      supervisedWholeSeconds: of(supervised, ({ wholeS }) => wholeS),
      bareTrainerCpuSeconds: of(bare, ({ cpuS }) => cpuS),
      supervisedTrainerCpuSeconds: of(supervised, ({ cpuS }) => cpuS),
      supervisorsCpuSeconds: round(median(others)),
      modelsEqual: supervised.filter(({ files }, turn) => sameFiles(files, bare[turn]?.files)).length,
      detectionSeconds: of(short, ({ detectionS }) => detectionS),
      relaunchSeconds: of(short, ({ relaunchS }) => relaunchS),
      realDetectionSeconds: round(resumed.detectionS),
      realRelaunchSeconds: round(resumed.relaunchS),
      realOwnStartSeconds: round(resumed.ownStartS),
      realOwnStartBareSeconds: round(resumed.bareStartS),
      reattachSeconds: round(reattached.seconds),
      reattachAttempts: reattached.attempts,
      reattachStepsLost: reattached.stepsLost,
      goodputFaults: goodput.faults,
      goodputMeasured: round(goodput.measured),
      goodputByFormula: round(goodput.byFormula),
      goodputAtSixFaultsPerHourByFormula: round(
        goodputOf({
          ...{ ...usual, saveS: resumed.saveS, detectionS: resumed.detectionS },
          restartS: resumed.relaunchS + resumed.ownStartS,
        }),
      ),
    },
    ratios: {
      supervisedToBareSeconds: round(
        median(supervised.map(({ seconds }, turn) => seconds / (bare[turn]?.seconds ?? 1))),
      ),
      supervisedToBareTrainerCpu: round(
        median(supervised.map(({ cpuS }, turn) => cpuS / (bare[turn]?.cpuS ?? 1))),
      ),
      supervisorsCpuToTrainingSeconds: round(median(others) / trainS),
      goodputToFormula: round(goodput.measured / goodput.byFormula),
    },
  };
}

async function addRecipe(stack: ChaosStack, name: string, steps: number): Promise<void> {
  const tiny = parse(await readFile(join(ownRecipes, 'tiny.yaml'), 'utf8')) as object;
  const saveSteps = Math.max(5, Math.ceil(steps / 10));
  // The bare start begins at the checkpoint from which the supervised one did.
  const keep = { last: 100 };
  await stack.addRecipe(name, { ...tiny, maxSteps: steps, saveSteps, warmupSteps: 5, threads: 1, keep });
}

interface RealResumed extends Resumed {
  /** The same start as a plain process: from the same checkpoint to its first step. */
  readonly bareStartS: number;
  readonly stepS: number;
  readonly saveS: number;
}

/** The product's trainer is killed after its second checkpoint. */
async function resumeReal(
  stack: ChaosStack,
  input: { readonly dataset: string; readonly recipe: string },
  note: (text: string) => void,
): Promise<RealResumed> {
  await addRecipe(stack, input.recipe, shortSteps);
  const target = targetOf(stack, 'resumed', input);
  await startRun(target);
  const first = layoutOf(target, 1);
  await until(async () => {
    const saves = (await eventsOf(first)).filter(({ ev }) => ev === 'save');
    return saves.length > 1 ? true : undefined;
  });
  const resumed = await killAndResume(target);
  await endOf(target);
  const events = await eventsOf(first);
  const bare = await trainBare(layoutOf(target, 2), join(stack.home, 'bare', 'resumed'));
  note(`own start of the trainer: ${round(resumed.ownStartS)} s supervised, ${round(bare.ownStartS)} s bare`);
  return {
    ...resumed,
    bareStartS: bare.ownStartS,
    stepS: median(events.flatMap(({ ev, stepS }) => (ev === 'step' && stepS ? [stepS] : []))),
    saveS: median(events.flatMap(({ ev, durS }) => (ev === 'save' && durS ? [durS] : []))),
  };
}

async function resumeStandIn(stack: ChaosStack, note: (text: string) => void): Promise<Resumed[]> {
  const target = await standInRun(stack, 'short', { dataset, maxSteps: 400, saveSteps: 10, stepS: 0.05 });
  await startRun(target);
  const found: Resumed[] = [];
  for (let epoch = 1; epoch <= kills; epoch += 1) {
    // Each attempt gets on, so that no budget is spent.
    await until(async () => {
      const saves = (await eventsOf(layoutOf(target, epoch))).filter(({ ev }) => ev === 'save');
      return saves.length > 1 ? true : undefined;
    });
    found.push(await killAndResume(target));
  }
  await endOf(target);
  note(
    `resumed after ${found.map(({ detectionS, relaunchS }) => round(detectionS + relaunchS)).join(', ')} s`,
  );
  return found;
}

/** Of worker, Temporal and PostgreSQL, in seconds; the shim's own CPU is 0.4 s a run. */
async function cpuOfOthers(stack: ChaosStack): Promise<{ now(): Promise<number>; perS: number }> {
  const now = async (): Promise<number> => {
    const pids = await Promise.all(['worker', 'temporal', 'postgres'].map((part) => stack.pidOf(part)));
    return pids.reduce<number>((sum, pid) => sum + (pid === undefined ? 0 : treeCpuMs(pid) / 1_000), 0);
  };
  const idleS = 20;
  const before = await now();
  await new Promise((wake) => setTimeout(wake, idleS * 1_000));
  return { now, perS: ((await now()) - before) / idleS };
}

function sameFiles(one: TrainingTimes['files'], other: TrainingTimes['files'] | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
