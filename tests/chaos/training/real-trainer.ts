/** The product's own trainer (TRL) killed at random moments: each run ends with the very model of an undisturbed one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { ownRecipes } from '../../../activities/training/recipe.ts';
import type { TrainingResult } from '../../../workflows/training/contract.ts';
import { sftJsonl } from '../../support/sft-rows.ts';
import type { ChaosStack } from './chaos-stack.ts';
import { faults } from './faults.ts';
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
/** Of one attempt, imports included: kills fall anywhere in it. */
const attemptMs = 25_000;

export async function killRealTrainer(
  stack: ChaosStack,
  { kills, random }: { readonly kills: number; readonly random: () => number },
  note: (text: string) => void,
): Promise<RealReport> {
  const tiny = parse(await readFile(join(ownRecipes, 'tiny.yaml'), 'utf8')) as object;
  await stack.addDataset(dataset, sftJsonl(64, 1));
  await stack.addRecipe(recipe, { ...tiny, maxSteps: 40, saveSteps: 10, warmupSteps: 5, threads: 1 });
  const model = await trained(stack, 'real-undisturbed', 0, random, note);
  let [killed, runs, equal] = [0, 0, 0];
  while (killed < kills) {
    const wanted = Math.min(killsPerRun, kills - killed);
    const { artefact, kills: done } = await trained(stack, `real-${runs + 1}`, wanted, random, note);
    killed += done;
    runs += 1;
    if (artefact === model.artefact) equal += 1;
  }
  return { kills: killed, runs, equal };
}

async function trained(
  stack: ChaosStack,
  name: string,
  wanted: number,
  random: () => number,
  note: (text: string) => void,
): Promise<{ artefact: string; kills: number }> {
  const run = `training/${name}`;
  const target = { stack, run, root: join(stack.home, 'training'), witness: '', ranks: 1, random };
  await startRun(stack, name, { dataset, recipe });
  let kills = 0;
  let nextMs = performance.now() + attemptMs * random();
  for (;;) {
    await sleep(100);
    const status = await statusOf(stack, run);
    if (status !== 'RUNNING') break;
    await helpParked(stack, run);
    if (kills >= wanted || performance.now() < nextMs) continue;
    const fault = random() < 0.5 ? faults['trainerKilled'] : faults['shimKilled'];
    if ((await fault?.strike(target)) !== undefined) kills += 1;
    nextMs = performance.now() + attemptMs * random();
  }
  const { artefact, attempts } = await stack.ask(
    (client) => client.workflow.getHandle(run).result() as Promise<TrainingResult>,
  );
  note(`${name}: ${attempts} attempts, ${kills} kills, model ${artefact.slice(0, 12)}`);
  return { artefact, kills };
}
