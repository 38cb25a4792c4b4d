/** The product's own trainer (TRL) killed at random moments: each run ends with the very model of an undisturbed one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { ownRecipes } from '../../../activities/training/recipe.ts';
import type { TrainingResult } from '../../../workflows/training/contract.ts';
import { sftJsonl } from '../../support/sft-rows.ts';
import type { ChaosStack } from './chaos-stack.ts';
import { faultNamed } from './faults.ts';
import type { Target } from './faults/target.ts';
import { helpParked, startRun, statusOf } from './operate.ts';

export interface RealReport {
  readonly kills: number;
  readonly runs: number;
  /** Runs whose model has the digest of the undisturbed run's. */
  readonly equal: number;
}

const dataset = 'programs';
const recipe = 'real';
const killsPerRun = 4;

export interface RealOptions {
  readonly kills: number;
  random(): number;
  /** Begins no further run. */
  readonly signal: AbortSignal;
}

export async function killRealTrainer(
  stack: ChaosStack,
  { kills, random, signal }: RealOptions,
  note: (text: string) => void,
): Promise<RealReport> {
  const tiny = parse(await readFile(join(ownRecipes, 'tiny.yaml'), 'utf8')) as object;
  await stack.addDataset(dataset, sftJsonl(64, 1));
  await stack.addRecipe(recipe, { ...tiny, maxSteps: 40, saveSteps: 10, warmupSteps: 5, threads: 1 });
  const undisturbed = await trained(stack, 'real-undisturbed', { kills: 0, attemptMs: 0, random }, note);
  let [killed, runs, equal] = [0, 0, 0];
  while (killed < kills && !signal.aborted) {
    const wanted = Math.min(killsPerRun, kills - killed);
    const { attemptMs } = undisturbed;
    const one = await trained(stack, `real-${runs + 1}`, { kills: wanted, attemptMs, random }, note);
    killed += one.kills;
    runs += 1;
    if (one.artefact === undisturbed.artefact && one.artefact !== '') equal += 1;
  }
  return { kills: killed, runs, equal };
}

async function trained(
  stack: ChaosStack,
  name: string,
  { kills: wanted, attemptMs, random }: Omit<RealOptions, 'signal'> & { readonly attemptMs: number },
  note: (text: string) => void,
): Promise<{ artefact: string; kills: number; attemptMs: number }> {
  const run = `training/${name}`;
  const target: Target = {
    ...{ stack, run, workflowId: run, input: { dataset, recipe } },
    ...{ root: join(stack.home, 'training'), witness: '', ranks: 1, torchrun: false, random },
  };
  const beganMs = performance.now();
  await startRun(target);
  let kills = 0;
  // Anywhere in an attempt that lasts about as long as the undisturbed one.
  const later = (): number => performance.now() + 0.7 * attemptMs * random();
  let nextMs = later();
  for (;;) {
    await sleep(100);
    const status = await statusOf(target);
    if (status !== 'RUNNING') break;
    await helpParked(target);
    if (kills >= wanted || performance.now() < nextMs) continue;
    const fault = faultNamed(random() < 0.5 ? 'trainerKilled' : 'shimKilled');
    if (!(await fault.strike(target))) continue;
    kills += 1;
    nextMs = later();
  }
  const took = performance.now() - beganMs;
  try {
    const { artefact, attempts } = await stack.ask(
      (client) => client.workflow.getHandle(run).result() as Promise<TrainingResult>,
    );
    note(`${name}: ${attempts} attempts, ${kills} kills, model ${artefact.slice(0, 12)}`);
    return { artefact, kills, attemptMs: took };
  } catch (error) {
    note(`${name}: BROKEN ${String((error as Error).cause ?? error)}`);
    return { artefact: '', kills, attemptMs: took };
  }
}
