/** Attempts of the paced trainer under the product's own watch, with real database, launcher and processes, without workflows. */
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import type { Database } from '../../activities/storage/tables.ts';
import { type AttemptView, unseenAttempt } from '../../activities/training/attempt-view.ts';
import { launchAttempt } from '../../activities/training/launch.ts';
import { createLocalLauncher } from '../../activities/training/launchers/local.ts';
import { type AttemptLayout, attemptLayout } from '../../activities/training/layout.ts';
import type { TrainingPorts } from '../../activities/training/ports.ts';
import { thisMachine } from '../../activities/training/process-identity.ts';
import { recipeSchema } from '../../activities/training/recipe.ts';
import { watchAttempt } from '../../activities/training/watch.ts';
import type { AttemptOutcome, TrainingPlan, TrainingStep } from '../../workflows/training/contract.ts';
import { freshDatabase } from './environment.ts';

const script = fileURLToPath(new URL('./paced-trainer.py', import.meta.url));

export interface Pace {
  readonly at: string | number;
  readonly kind: 'sleep' | 'work' | 'spin' | 'stop' | 'error' | 'exit' | 'loss' | 'skips' | 'claim';
  readonly rank?: number;
  /** In this run alone. */
  readonly run?: string;
  readonly s?: number;
  readonly code?: number;
  readonly loss?: string | number;
  readonly gradNorm?: number;
  readonly bytes?: number;
}

export interface Paced {
  readonly maxSteps?: number;
  readonly saveSteps?: number;
  readonly stepS?: number;
  readonly ranks?: number;
  readonly evalAt?: number;
  readonly precision?: string;
  readonly paces?: readonly Pace[];
  readonly phaseLimitS?: object;
  readonly hangFloorS?: number;
  readonly strategy?: object;
}

export interface WatchedAttempt {
  readonly epoch: number;
  readonly layout: AttemptLayout;
  /** Watches on until the end, or for the slice; `seen` gets what is reported. */
  watch(options?: {
    readonly sliceMs?: number;
    readonly view?: AttemptView;
    readonly seen?: (view: AttemptView, step: TrainingStep) => void;
    /** Ends the watch as the loss of its worker does: it throws. */
    readonly lose?: AbortSignal;
  }): Promise<AttemptOutcome | null>;
}

export interface WatchedAttempts extends AsyncDisposable {
  readonly database: Database;
  readonly ports: TrainingPorts;
  /** The same options give the same recipe, whose times are known the next time. */
  start(name: string, paced: Paced): Promise<WatchedAttempt>;
}

export async function watchedAttempts(): Promise<WatchedAttempts> {
  const fresh = await freshDatabase();
  const home = await mkdtemp(join(tmpdir(), 'masgpt-watched-'));
  const root = join(home, 'training');
  const blobs = createDirectoryBlobs(join(home, 'blobs'));
  const ports: TrainingPorts = {
    ...{ database: fresh.database, blobs, root, host: hostname(), recipes: [] },
    launcher: createLocalLauncher({
      findPython: () => Promise.resolve('/usr/bin/python3'),
      machine: thisMachine(hostname()),
      gpuLocks: home,
    }),
    trainerPython: () => Promise.resolve('/usr/bin/python3'),
    trainerEnv: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  };
  const begun: AttemptLayout[] = [];
  const runs: [string, number][] = [];
  return {
    database: fresh.database,
    ports,
    async start(
      name,
      { maxSteps = 60, saveSteps = 1_000, phaseLimitS, hangFloorS = 2, strategy, ...options },
    ) {
      const run = `training/${name}`;
      const recipe = recipeSchema.parse({
        ...{ kind: 'command', v: 1, maxSteps, saveSteps, graceS: 1, hangFloorS, options },
        ...(phaseLimitS ? { phaseLimitS } : {}),
        ...(strategy ? { strategy } : {}),
        command: ['/usr/bin/python3', script],
        checkpointFiles: ['state.json'],
      });
      const plan: TrainingPlan = {
        ...{
          dataset: 'rows',
          recipe: 'paced',
          launcher: 'local',
          seed: 0,
          tenant: 'default',
          rows: 1,
          maxSteps,
        },
        datasetSha256: await blobs.put('{"messages":[]}\n'),
        recipeSha256: await blobs.put(JSON.stringify(recipe)),
      };
      const launched = await launchAttempt(ports, { run, plan }, `test:${runs.length}`);
      if (launched.kind !== 'launched') throw new Error(JSON.stringify(launched));
      const { epoch } = launched;
      const layout = attemptLayout(root, run, epoch);
      begun.push(layout);
      runs.push([run, epoch]);
      return {
        ...{ epoch, layout },
        watch: ({ sliceMs = 600_000, view = unseenAttempt, seen = () => {}, lose } = {}) =>
          watchAttempt(
            ports,
            { run, plan, epoch },
            { view, sliceMs, report: seen, sleep: (ms) => wait(ms, undefined, lose ? { signal: lose } : {}) },
          ),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const [index, [run, epoch]] of runs.entries())
        await ports.launcher.stop(begun[index] as AttemptLayout, run, epoch, 0).catch(() => {});
      await fresh[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}
