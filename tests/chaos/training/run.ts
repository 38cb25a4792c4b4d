/** One supervised run of the chaos trainer under its faults: started, struck, helped when it asks for a person, and judged at its end. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TrainingResult } from '../../../workflows/training/contract.ts';
import { type ChaosStack, dataset, rows } from './chaos-stack.ts';
import { faults, type Target } from './faults.ts';
import { helpParked, startRun, statusOf } from './operate.ts';
import { openWitness, readWitness, undisturbed } from './witness.ts';

export interface RunPlan {
  readonly name: string;
  readonly seed: number;
  readonly ranks: number;
  /** Names of faults, each with the step of the trainer's account from which it strikes. */
  readonly strikes: readonly { readonly fault: string; readonly fromStep: number }[];
}

export interface Struck {
  readonly fault: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

export interface Strikes {
  onStrike(struck: Struck): void;
  /** Milliseconds since 1970. */
  lastStrikeMs(): number;
}

export interface RunReport {
  readonly name: string;
  readonly struck: readonly Struck[];
  /** Did not end within the time after the last fault. */
  readonly stuck: boolean;
  readonly succeeded: boolean;
  readonly weightsEqual: boolean;
  readonly duplicates: number;
  /** Steps made more than once. */
  readonly stepsLost: number;
  /** Why it asked for a person, each time. */
  readonly parked: readonly string[];
  /** Milliseconds since 1970 at which attempts were known to have ended. */
  readonly noticedMs: readonly number[];
  readonly attempts: number;
  readonly failure?: string;
}

const maxSteps = 60;
const trainer = fileURLToPath(new URL('./chaos-trainer.py', import.meta.url));
/** After the last fault of any run and part. */
const patienceMs = 180_000;

export async function runUnderFaults(
  stack: ChaosStack,
  { name, seed, ranks, strikes }: RunPlan,
  random: () => number,
  { onStrike, lastStrikeMs }: Strikes,
): Promise<RunReport> {
  const witness = join(stack.home, 'witness', name);
  await openWitness(witness);
  await stack.addRecipe(name, recipeOf(witness, ranks));
  const run = `training/${name}`;
  const target: Target = { stack, run, root: join(stack.home, 'training'), witness, ranks, random };
  const start = (): Promise<void> => startRun(stack, name, { dataset, recipe: name, seed });
  await start();
  const struck: Struck[] = [];
  const parked: string[] = [];
  const left = [...strikes];
  const beganMs = Date.now();
  for (;;) {
    await sleep(100);
    const status = await statusOf(stack, run);
    if (status === 'TERMINATED') {
      await start();
      continue;
    }
    if (status !== 'RUNNING' && status !== 'CONTINUED_AS_NEW') break;
    if (Date.now() - Math.max(beganMs, lastStrikeMs()) > patienceMs) break;
    const cause = await helpParked(stack, run);
    if (cause !== undefined) {
      parked.push(cause);
      continue;
    }
    const reached = (await readWitness(witness)).steps.reduce((most, { step }) => Math.max(most, step), 0);
    const next = left[0];
    if (!next || reached < next.fromStep) continue;
    left.shift();
    await sleep(200 * random());
    const atMs = await faults[next.fault]?.strike(target);
    if (atMs === undefined) continue;
    struck.push({ fault: next.fault, atMs });
    onStrike({ fault: next.fault, atMs });
  }
  return { ...(await judge(stack, run, witness, { name, seed, ranks })), name, struck, parked };
}

function recipeOf(witness: string, ranks: number): object {
  const states = Array.from({ length: ranks }, (_, rank) => `state.${rank}.json`);
  return {
    ...{ kind: 'command', v: 1, maxSteps, saveSteps: 10, graceS: 2, hangFloorS: 2 },
    phaseLimitS: { start: 30, step: 4, save: 10, eval: 10 },
    command: ['/usr/bin/env', 'python3', trainer],
    checkpointFiles: [...states, 'optimizer.bin'],
    options: { witness, ranks, stepS: 0.05 },
  };
}

async function judge(
  stack: ChaosStack,
  run: string,
  witness: string,
  { name, seed, ranks }: Pick<RunPlan, 'name' | 'seed' | 'ranks'>,
): Promise<Omit<RunReport, 'name' | 'struck' | 'parked'>> {
  const { steps, duplicates } = await readWitness(witness);
  const ended = await stack.query((database) =>
    database.selectFrom('training_attempts').select(['epoch', 'ended_at']).where('run', '=', run).execute(),
  );
  const first = steps.filter(({ rank }) => rank === 0);
  const common = {
    duplicates,
    stepsLost: first.length - new Set(first.map(({ step }) => step)).size,
    noticedMs: ended.flatMap(({ ended_at: at }) => (at ? [at.getTime()] : [])),
    attempts: ended.length,
  };
  const status = await statusOf(stack, run);
  if (status === 'RUNNING') return { ...common, stuck: true, succeeded: false, weightsEqual: false };
  try {
    const result = await stack.ask(
      (client) => client.workflow.getHandle(run).result() as Promise<TrainingResult>,
    );
    const weights = await finalStates(stack.home, name, result.artefact);
    const expected = JSON.stringify(undisturbed(rows, seed, ranks, maxSteps));
    const weightsEqual = JSON.stringify(weights) === expected && result.steps === maxSteps;
    return { ...common, stuck: false, succeeded: true, weightsEqual };
  } catch (error) {
    const failure = String((error as Error).cause ?? error).slice(0, 300);
    return { ...common, stuck: false, succeeded: false, weightsEqual: false, failure };
  }
}

async function finalStates(home: string, name: string, artefact: string): Promise<unknown> {
  const path = join(home, 'training', name, 'artefacts', artefact, 'weights.json');
  return (JSON.parse(await readFile(path, 'utf8')) as { states: unknown }).states;
}
