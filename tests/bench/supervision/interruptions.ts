/** What an interruption costs a supervised run: until it is known, until the next attempt makes steps, until a watch is back. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChaosStack } from '../../chaos/training/chaos-stack.ts';
import { present, type Target } from '../../chaos/training/faults/target.ts';
import { startRun } from '../../chaos/training/operate.ts';
import { openWitness } from '../../chaos/training/witness.ts';
import { endOf, eventsOf, layoutOf, startOf, targetOf, until } from './supervised-run.ts';

export interface Resumed {
  /** From the SIGKILL until the database knew the end. */
  readonly detectionS: number;
  /** From then until the next trainer's process was started, the pause before it (1 s) included. */
  readonly relaunchS: number;
  /** From that process's start to its first step. */
  readonly ownStartS: number;
}

const standIn = fileURLToPath(new URL('../../chaos/training/chaos-trainer.py', import.meta.url));

/** A run of the chaos trainer: starts in a tenth of a second, and its steps take what they are told to. */
export async function standInRun(
  stack: ChaosStack,
  name: string,
  {
    dataset,
    ...recipe
  }: {
    readonly dataset: string;
    readonly maxSteps: number;
    readonly saveSteps: number;
    readonly stepS: number;
  },
): Promise<Target> {
  const witness = join(stack.witnesses, name);
  await openWitness(witness);
  await stack.addRecipe(name, {
    ...{ kind: 'command', v: 1, maxSteps: recipe.maxSteps, saveSteps: recipe.saveSteps, graceS: 2 },
    ...{ command: ['/usr/bin/env', 'python3', standIn], checkpointFiles: ['state.0.json', 'optimizer.bin'] },
    options: { witness, ranks: 1, stepS: recipe.stepS },
  });
  return { ...targetOf(stack, name, { dataset, recipe: name }), witness };
}

/** Kills the trainer of the attempt that runs, and waits for a step of the next one. */
export async function killAndResume(target: Target): Promise<Resumed> {
  const attempt = await until(() => present(target));
  const killedMs = Date.now();
  process.kill(attempt.trainerPid, 'SIGKILL');
  const next = layoutOf(target, attempt.epoch + 1);
  const { startedAt } = await startOf(next);
  const step = await until(async () => (await eventsOf(next)).find(({ ev }) => ev === 'step'));
  const row = await target.stack.query((database) =>
    database
      .selectFrom('training_attempts')
      .select('ended_at')
      .where('run', '=', target.run)
      .where('epoch', '=', attempt.epoch)
      .executeTakeFirstOrThrow(),
  );
  const knownS = (row.ended_at as Date).getTime() / 1_000;
  return {
    detectionS: knownS - killedMs / 1_000,
    relaunchS: startedAt - knownS,
    ownStartS: step.ts - startedAt,
  };
}

export interface Reattached {
  /** From the worker's SIGKILL until another one watches. */
  readonly seconds: number;
  readonly attempts: number;
  readonly stepsLost: number;
}

export async function killWorker(stack: ChaosStack, target: Target): Promise<Reattached> {
  await startRun(target);
  const layout = layoutOf(target, 1);
  await until(async () => (await eventsOf(layout)).find(({ step }) => step > 20));
  const watched = join(layout.directory, 'watch.json');
  const killedMs = Date.now();
  process.kill(await until(() => stack.pidOf('worker')), 'SIGKILL');
  const backMs = await until(async () => {
    const { mtimeMs } = await stat(watched);
    return mtimeMs > killedMs ? mtimeMs : undefined;
  });
  const { attempts } = await endOf(target);
  const lines = (await readFile(join(target.witness, 'steps.log'), 'utf8')).split('\n');
  const steps = lines.filter((line) => line.startsWith('step ')).map((line) => line.split(' ')[4]);
  return { seconds: (backMs - killedMs) / 1_000, attempts, stepsLost: steps.length - new Set(steps).size };
}
