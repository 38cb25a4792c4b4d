/** One supervised run of the chaos trainer under its faults: started, struck, helped when it asks for a person, and judged at its end. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runDirectory } from '../../../activities/training/layout.ts';
import { type ChaosStack, dataset } from './chaos-stack.ts';
import { faultNamed } from './faults.ts';
import type { Target } from './faults/target.ts';
import { judge, type RunReport, type Struck } from './judge.ts';
import { helpParked, startRun, statusOf } from './operate.ts';
import type { FaultName } from './promises.ts';
import { makeRoom } from './room.ts';
import { createAccount, openWitness } from './witness.ts';

export interface RunPlan {
  readonly name: string;
  readonly seed: number;
  readonly ranks: number;
  readonly runsAtOnce: number;
  /** Python whose torchrun starts the ranks; absent = the chaos trainer starts them itself. */
  readonly torchrunOf?: string | undefined;
  /** Each with the step of the trainer's account from which it strikes. */
  readonly strikes: readonly { readonly fault: FaultName; readonly fromStep: number }[];
}

export interface Strikes {
  onStrike(struck: Struck): void;
  /** Of any run and part, in ms since 1970. */
  lastStrikeMs(): number;
}

/** Many at once are looked at less often, so that each takes longer. */
const [maxSteps, stepSPerRun] = [80, 0.025];
const pollMs = 100;
const askEveryMs = 500;
/** Without a step, before one looks whether a person is asked for. */
const helpAfterMs = 1_500;
const trainer = fileURLToPath(new URL('./chaos-trainer.py', import.meta.url));
/** After the last fault of any run and part. */
const patienceMs = 240_000;
/** A fault that found nothing tries again this much later. */
const stepsBetweenTries = 2;

export async function runUnderFaults(
  stack: ChaosStack,
  plan: RunPlan,
  random: () => number,
  { onStrike, lastStrikeMs }: Strikes,
): Promise<RunReport> {
  const { name, seed, ranks, torchrunOf } = plan;
  const stepS = Math.max(4, plan.runsAtOnce) * stepSPerRun;
  const run = `training/${name}`;
  const target: Target = {
    ...{ stack, run, workflowId: run, ranks, random, torchrun: torchrunOf !== undefined },
    input: { dataset, recipe: name, seed },
    root: join(stack.home, 'training'),
    witness: join(stack.witnesses, name),
  };
  const needsRoom = plan.strikes.some(({ fault }) => fault === 'diskFilled');
  await using _room = needsRoom ? await makeRoom(runDirectory(target.root, run)) : undefined;
  await openWitness(target.witness);
  await stack.addRecipe(name, recipeOf(target.witness, ranks, stepS, torchrunOf));
  await startRun(target);
  const struck: Struck[] = [];
  const parked: string[] = [];
  const left = [...plan.strikes];
  const beganMs = Date.now();
  const account = createAccount(target.witness);
  let [askedMs, helpedMs] = [0, 0];
  for (;;) {
    await sleep(pollMs);
    const nowMs = Date.now();
    const { reached, quietMs } = await account.look(nowMs);
    if (nowMs - askedMs > askEveryMs) {
      askedMs = nowMs;
      const status = await statusOf(target);
      if (status === 'TERMINATED') await startRun(target);
      else if (status !== 'RUNNING' && status !== 'CONTINUED_AS_NEW') break;
      if (nowMs - Math.max(beganMs, lastStrikeMs()) > patienceMs) break;
    }
    if (quietMs > helpAfterMs && nowMs - helpedMs > helpAfterMs) {
      helpedMs = nowMs;
      const cause = await helpParked(target);
      if (cause !== undefined) parked.push(cause);
    }
    const next = left[0];
    if (!next || reached < next.fromStep) continue;
    left.shift();
    await sleep(200 * random());
    const strike = await faultNamed(next.fault)
      .strike(target)
      // It may have ended just now.
      .catch((error: unknown) => stack.note(`${name}: ${next.fault} did not strike: ${String(error)}`));
    if (strike) {
      struck.push({ fault: next.fault, ...strike });
      onStrike({ fault: next.fault, ...strike });
    } else if (reached < maxSteps) left.splice(1, 0, { ...next, fromStep: reached + stepsBetweenTries });
  }
  return await judge(target, { maxSteps, seed }, struck, parked);
}

function recipeOf(witness: string, ranks: number, stepS: number, torchrunOf: string | undefined): object {
  const states = Array.from({ length: ranks }, (_, rank) => `state.${rank}.json`);
  return {
    ...{ kind: 'command', v: 1, maxSteps, saveSteps: 10, graceS: 2, hangFloorS: 4 },
    phaseLimitS: { start: torchrunOf ? 180 : 60, step: 6, save: 10, eval: 10 },
    command: torchrunOf ? [torchrunOf, trainer] : ['/usr/bin/env', 'python3', trainer],
    ...(torchrunOf ? { distributed: { launch: 'torchrun', ranks } } : {}),
    checkpointFiles: [...states, 'optimizer.bin'],
    options: { witness, ranks, stepS },
  };
}
