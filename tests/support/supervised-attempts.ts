/**
 * Attempts of a recipe without workflows: launched by the product's launch and watched by its watch, while a test reads the
 * event files beside it. For tests of real trainers, in one process or several.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { mkdtemp } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import type { Database } from '../../activities/storage/tables.ts';
import type { CheckpointScope } from '../../activities/training/checkpoints.ts';
import { launchAttempt, type LaunchRequest, scopeOf } from '../../activities/training/launch.ts';
import { createLocalLauncher } from '../../activities/training/launchers/local.ts';
import { attemptLayout } from '../../activities/training/layout.ts';
import type { TrainingPorts } from '../../activities/training/ports.ts';
import { thisMachine } from '../../activities/training/process-identity.ts';
import type { Recipe } from '../../activities/training/recipe.ts';
import { unseenAttempt } from '../../activities/training/attempt-view.ts';
import { watchAttempt } from '../../activities/training/watch.ts';
import type { AttemptOutcome, LaunchResult, TrainingPlan } from '../../workflows/training/contract.ts';
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
  /** Watches until the attempt has ended; `seen` gets each event as it comes. */
  follow(
    run: string,
    plan: TrainingPlan,
    epoch: number,
    seen?: (event: ToldEvent) => void,
  ): Promise<Followed>;
}

export interface Followed {
  readonly outcome: AttemptOutcome;
  readonly events: readonly ToldEvent[];
}

export async function supervisedAttempts(
  python: string,
  more: Partial<Pick<TrainingPorts, 'models'>> = {},
): Promise<SupervisedAttempts> {
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
    ...more,
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
    async follow(run, plan, epoch, seen = () => {}) {
      const { directory } = attemptLayout(root, run, epoch);
      const events: ToldEvent[] = [];
      const counted = new Map<number, number>();
      const look = async (): Promise<void> => {
        for (const event of await freshEvents(directory, counted)) {
          events.push(event);
          seen(event);
        }
      };
      const hooks = {
        view: unseenAttempt,
        report: () => {},
        sleep: (ms: number) => sleep(ms),
        sliceMs: Infinity,
      };
      let outcome: AttemptOutcome | null | undefined;
      const watching = watchAttempt(ports, { run, plan, epoch }, hooks).then((found) => (outcome = found));
      while (outcome === undefined) {
        await look();
        await Promise.race([watching, sleep(30)]);
      }
      await look();
      if (outcome === null) throw new Error('the watch handed over');
      return { outcome, events };
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
