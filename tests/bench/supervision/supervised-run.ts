/** Runs under supervision in a stack, and what their events say of the times. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AttemptLayout, attemptLayout } from '../../../activities/training/layout.ts';
import { hashFiles } from '../../../activities/training/manifest.ts';
import type { TrainingResult } from '../../../workflows/training/contract.ts';
import type { ChaosStack } from '../../chaos/training/chaos-stack.ts';
import type { Target } from '../../chaos/training/faults/target.ts';
import { helpParked, startRun, statusOf } from '../../chaos/training/operate.ts';
import { type TrainingTimes, watchCpu } from './bare-run.ts';

export interface TrainerEvent {
  readonly ev: string;
  /** Seconds since 1970. */
  readonly ts: number;
  readonly step: number;
  readonly phase: string;
  readonly stepS?: number;
  readonly durS?: number;
}

export interface SupervisedTimes extends TrainingTimes {
  /** From the start of the workflow to its result. */
  readonly wholeS: number;
}

export function targetOf(
  stack: ChaosStack,
  name: string,
  input: { readonly dataset: string; readonly recipe: string; readonly seed?: number },
): Target {
  const run = `training/${name}`;
  return {
    ...{ stack, run, workflowId: run, input, root: join(stack.home, 'training'), witness: '' },
    ...{ ranks: 1, torchrun: false, random: Math.random },
  };
}

export const layoutOf = ({ root, run }: Target, epoch: number): AttemptLayout =>
  attemptLayout(root, run, epoch);

export async function eventsOf(layout: AttemptLayout): Promise<readonly TrainerEvent[]> {
  const text = await readFile(layout.events, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as TrainerEvent];
    } catch {
      return []; // The last line is being written.
    }
  });
}

export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(20);
  }
}

/** When the trainer's process was started, in seconds since 1970. */
export async function startOf(layout: AttemptLayout): Promise<{ startedAt: number; trainerPid: number }> {
  return until(async () => {
    const text = await readFile(layout.identity, 'utf8').catch(() => '');
    return text === '' ? undefined : (JSON.parse(text) as { startedAt: number; trainerPid: number });
  });
}

/** Waits for the end, and goes on where a person is asked for. */
export async function endOf(target: Target): Promise<TrainingResult> {
  while ((await statusOf(target)) === 'RUNNING') {
    await helpParked(target);
    await sleep(100);
  }
  return target.stack.ask(
    (client) => client.workflow.getHandle(target.workflowId).result() as Promise<TrainingResult>,
  );
}

export async function trainSupervised(target: Target): Promise<SupervisedTimes> {
  const beganMs = Date.now();
  await startRun(target);
  const layout = layoutOf(target, 1);
  const { startedAt, trainerPid } = await startOf(layout);
  const cpu = watchCpu(trainerPid);
  const { artefact } = await endOf(target);
  const wholeS = (Date.now() - beganMs) / 1_000;
  const cpuS = cpu.stop();
  const events = await eventsOf(layout);
  const exit = JSON.parse(await readFile(layout.exit, 'utf8')) as { endedAt: number };
  const firstStep = events.find(({ ev }) => ev === 'step')?.ts ?? Number.NaN;
  const name = target.run.slice(target.run.indexOf('/') + 1);
  const files = await hashFiles(join(target.root, name, 'artefacts', artefact));
  const seconds = exit.endedAt - startedAt;
  return { wholeS, seconds, cpuS, ownStartS: firstStep - startedAt, files };
}
