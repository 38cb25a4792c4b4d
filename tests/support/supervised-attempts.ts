/**
 * Attempts of a recipe without workflows: launched by the product's launch, followed by their event files, each save event
 * registered as the watch does. For tests of trainers that run in several processes.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { mkdtemp } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import type { Database } from '../../activities/storage/tables.ts';
import {
  type CheckpointScope,
  type Registered,
  registerCheckpoint,
} from '../../activities/training/checkpoints.ts';
import { launchAttempt, type LaunchRequest, scopeOf } from '../../activities/training/launch.ts';
import { createLocalLauncher } from '../../activities/training/launchers/local.ts';
import type { AttemptStatus } from '../../activities/training/launcher.ts';
import { attemptLayout } from '../../activities/training/layout.ts';
import type { TrainingPorts } from '../../activities/training/ports.ts';
import { thisMachine } from '../../activities/training/process-identity.ts';
import type { Recipe } from '../../activities/training/recipe.ts';
import type { LaunchResult, TrainingPlan } from '../../workflows/training/contract.ts';
import { freshDatabase } from './environment.ts';

export interface ToldEvent {
  readonly rank: number;
  readonly ev: string;
  readonly step: number;
  readonly phase: string;
  readonly [field: string]: unknown;
}

export interface SupervisedAttempts extends AsyncDisposable {
  readonly root: string;
  readonly database: Database;
  /** Stores recipe and rows, and gives the plan of a run on them. */
  plan(recipe: Recipe, rows: string): Promise<TrainingPlan>;
  scope(run: string, plan: TrainingPlan): CheckpointScope;
  launch(
    run: string,
    plan: TrainingPlan,
    more?: Partial<LaunchRequest>,
  ): Promise<Extract<LaunchResult, { kind: 'launched' }>>;
  /** Until the attempt has ended; `seen` gets each event as it comes. */
  follow(
    run: string,
    plan: TrainingPlan,
    epoch: number,
    recipe: Recipe,
    seen?: (event: ToldEvent) => void,
  ): Promise<Followed>;
}

export interface Followed {
  readonly status: AttemptStatus;
  readonly events: readonly ToldEvent[];
  readonly registered: readonly {
    readonly step: number;
    readonly rank: number;
    readonly found: Registered;
  }[];
}

export async function supervisedAttempts(python: string): Promise<SupervisedAttempts> {
  const fresh = await freshDatabase();
  const home = await mkdtemp(join(tmpdir(), 'masgpt-attempts-'));
  const root = join(home, 'training');
  const blobs = createDirectoryBlobs(join(home, 'blobs'));
  const { database } = fresh;
  const ports: TrainingPorts = {
    ...{ database, blobs, root, host: hostname(), recipes: [] },
    launcher: createLocalLauncher({
      findPython: () => Promise.resolve(python),
      machine: thisMachine(hostname()),
      gpuLocks: home,
    }),
    trainerPython: () => Promise.resolve(python),
    trainerEnv: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  };
  let launches = 0;
  const begun: { readonly run: string; readonly epoch: number }[] = [];
  return {
    root,
    database,
    async plan(recipe, rows) {
      return {
        ...{ dataset: 'rows', recipe: 'tested', launcher: 'local', seed: 0, tenant: 'default' },
        datasetSha256: await blobs.put(rows),
        rows: rows.split('\n').length - 1,
        recipeSha256: await blobs.put(JSON.stringify(recipe)),
        maxSteps: recipe.maxSteps,
      };
    },
    scope: (run, plan) => scopeOf(ports, run, plan),
    async launch(run, plan, more = {}) {
      const launched = await launchAttempt(ports, { run, plan, ...more }, `test:${(launches += 1)}`);
      if (launched.kind !== 'launched') throw new Error(JSON.stringify(launched));
      begun.push({ run, epoch: launched.epoch });
      return launched;
    },
    async follow(run, plan, epoch, recipe, seen = () => {}) {
      const layout = attemptLayout(root, run, epoch);
      const events: ToldEvent[] = [];
      const registered: { step: number; rank: number; found: Registered }[] = [];
      const counted = new Map<number, number>();
      for (;;) {
        const status = await ports.launcher.observe(layout, run, epoch);
        for (const event of await freshEvents(layout.directory, counted)) {
          events.push(event);
          seen(event);
          if (event.ev !== 'save') continue;
          const { step, rank } = event;
          const hello = events.find((other) => other.ev === 'hello');
          const saved = {
            ...{ step, epoch, directory: event['dir'] as string, parentStep: null },
            worldSize: hello?.['worldSize'] as number,
            parts: [event['part'] as string],
            versions: hello?.['versions'] as Record<string, string>,
          };
          registered.push({
            step,
            rank,
            found: await registerCheckpoint(scopeOf(ports, run, plan), saved, recipe),
          });
        }
        if (status.status !== 'alive') return { status, events, registered };
        await sleep(50);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const { run, epoch } of begun)
        await ports.launcher.stop(attemptLayout(root, run, epoch), run, epoch, 0).catch(() => {});
      await fresh[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Whole lines that were not given before, rank by rank. */
async function freshEvents(directory: string, counted: Map<number, number>): Promise<ToldEvent[]> {
  const fresh: ToldEvent[] = [];
  for (const name of (await readdir(directory)).toSorted()) {
    const rank = Number(/^events\.(\d+)\.jsonl$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(rank)) continue;
    const lines = (await readFile(join(directory, name), 'utf8')).split('\n').slice(0, -1);
    for (const line of lines.slice(counted.get(rank) ?? 0)) fresh.push(JSON.parse(line) as ToldEvent);
    counted.set(rank, lines.length);
  }
  return fresh;
}
