/**
 * Goodput under faults, time-compressed: a trainer with short steps, saves every few seconds and a SIGKILL every ten seconds, against
 * the formula with the times that the same run had. (1 - Ts/(Tc+Ts)) (1 - N(Td+Tr+Tc/2)), seconds; N = faults per second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosStack } from '../../chaos/training/chaos-stack.ts';
import { startRun, statusOf } from '../../chaos/training/operate.ts';
import { median } from '../support/figures.ts';
import { killAndResume, type Resumed, standInRun } from './interruptions.ts';
import { endOf, eventsOf, layoutOf } from './supervised-run.ts';

const everyMs = 10_000;
const [stepS, saveSteps, maxSteps] = [0.05, 60, 900];

export interface Goodput {
  readonly measured: number;
  readonly byFormula: number;
  readonly faults: number;
  readonly saveS: number;
  readonly intervalS: number;
  readonly resumed: readonly Resumed[];
}

export function goodputOf(of: {
  readonly saveS: number;
  readonly intervalS: number;
  readonly faultsPerS: number;
  readonly detectionS: number;
  readonly restartS: number;
}): number {
  const { saveS, intervalS, faultsPerS, detectionS, restartS } = of;
  const lost = faultsPerS * (detectionS + restartS + intervalS / 2);
  return (1 - saveS / (intervalS + saveS)) * (1 - lost);
}

export async function measureGoodput(stack: ChaosStack, dataset: string): Promise<Goodput> {
  const target = await standInRun(stack, 'goodput', { dataset, maxSteps, saveSteps, stepS });
  const resumed: Resumed[] = [];
  const beganMs = Date.now();
  await startRun(target);
  for (;;) {
    // Not in step with the saves.
    await sleep(everyMs * (0.8 + 0.4 * Math.random()));
    if ((await statusOf(target)) !== 'RUNNING') break;
    const one = await Promise.race([killAndResume(target), endOf(target).then(() => undefined)]);
    if (!one) break;
    resumed.push(one);
  }
  const { attempts } = await endOf(target);
  const events = (
    await Promise.all(Array.from({ length: attempts }, (_, index) => eventsOf(layoutOf(target, index + 1))))
  ).flat();
  const wallS = ((events.at(-1)?.ts ?? 0) * 1_000 - beganMs) / 1_000;
  const usefulS = median(gaps(events)) * maxSteps;
  const saveS = median(events.flatMap(({ ev, durS }) => (ev === 'save' && durS ? [durS] : [])));
  const intervalS = median(gaps(events)) * saveSteps;
  const byFormula = goodputOf({
    ...{ saveS, intervalS, faultsPerS: resumed.length / wallS },
    detectionS: median(resumed.map(({ detectionS }) => detectionS)),
    restartS: median(resumed.map(({ relaunchS, ownStartS }) => relaunchS + ownStartS)),
  });
  return { measured: usefulS / wallS, byFormula, faults: resumed.length, saveS, intervalS, resumed };
}

/** Seconds from one step's end to the next one's, saves left out. */
function gaps(events: Awaited<ReturnType<typeof eventsOf>>): number[] {
  const steps = events.filter(({ ev }) => ev === 'step');
  return steps.flatMap(({ step, ts }, index) => {
    const before = steps[index - 1];
    return before?.step === step - 1 && before.step % saveSteps !== 0 ? [ts - before.ts] : [];
  });
}
