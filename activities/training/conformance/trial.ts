/** One attempt of a conformance run: a real shim and trainer, without database and workflow; its events as they are written. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptExit } from '../classify.ts';
import { environmentOf, jobOf } from '../job.ts';
import { type AttemptLayout, attemptLayout, writeWhole } from '../layout.ts';
import type { LocalLauncher } from '../launchers/local.ts';
import type { Recipe } from '../recipe.ts';
import { type ConformingEvent, parseRankLog, type RankLog } from './event-contract.ts';

export type CommandRecipe = Extract<Recipe, { kind: 'command' }>;

export interface TrialSetting {
  readonly launcher: LocalLauncher;
  /** Where attempts are made, as below HOME/training. */
  readonly root: string;
  readonly recipe: CommandRecipe;
  /** Path of chat rows as JSON lines. */
  readonly dataset: string;
  /** PATH and the like. */
  readonly passedOn: Readonly<Record<string, string>>;
  /** Longest time of one trial. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

export interface Trial {
  readonly layout: AttemptLayout;
  /** The present events of all ranks. */
  logs(): Promise<readonly RankLog[]>;
  /** Rank 0's first event that fits; undefined when the trial ends before. */
  first(fits: (event: ConformingEvent) => boolean): Promise<ConformingEvent | undefined>;
  /** Looks again and again while the trial runs, at most so long; whether it was seen. */
  until(look: () => Promise<boolean>, limitMs?: number): Promise<boolean>;
  order(cmd: 'save' | 'saveStop' | 'dump'): Promise<void>;
  /** SIGKILL to the process that the shim started. */
  kill(): void;
  stop(graceS: number): Promise<void>;
  /** Null when it was still running at the time limit, and was then stopped. */
  ended(): Promise<AttemptExit | null>;
}

export const conformRun = 'training/conform';
const pollMs = 50;

/** Throws `Training.LaunchFailed`. */
export async function startTrial(
  { launcher, root, recipe, dataset, passedOn, limitMs, signal }: TrialSetting,
  epoch: number,
  resume?: { readonly directory: string; readonly step: number },
): Promise<Trial> {
  const layout = attemptLayout(root, conformRun, epoch);
  const job = { run: conformRun, epoch, dataset, seed: 0, resume, configSha: 'conform', dataSha: 'conform' };
  await writeWhole(layout.job, JSON.stringify(jobOf(layout, { ...job, recipe })));
  const launched = await launcher.launch(layout, {
    ...{ run: conformRun, epoch, graceS: recipe.graceS, distributed: recipe.distributed },
    command: [...recipe.command, layout.job],
    env: environmentOf(passedOn, recipe, layout.directory),
  });
  const until = performance.now() + limitMs;
  let orders = 0;
  const alive = async (): Promise<boolean> => {
    signal.throwIfAborted();
    return (
      (await launcher.observe(layout, conformRun, epoch)).status === 'alive' && performance.now() < until
    );
  };
  const trial: Trial = {
    layout,
    logs: () =>
      Promise.all(
        Array.from({ length: recipe.distributed?.ranks ?? 1 }, async (_, rank) => {
          const data = await readFile(layout.eventsOf(rank)).catch(() => Buffer.alloc(0));
          return parseRankLog(data, { run: conformRun, epoch, rank });
        }),
      ),
    async first(fits) {
      const look = async () => (await trial.logs())[0]?.events.find(fits);
      await trial.until(async () => (await look()) !== undefined);
      return look();
    },
    async until(look, most = limitMs) {
      const end = performance.now() + most;
      for (;;) {
        const going = (await alive()) && performance.now() < end;
        if (await look()) return true;
        if (!going) return false;
        await sleep(pollMs);
      }
    },
    order: (cmd) => writeWhole(layout.control, JSON.stringify({ epoch, seq: (orders += 1), cmd })),
    kill() {
      try {
        process.kill(launched.trainerPid as number, 'SIGKILL');
      } catch {
        // It has ended; the exit record says how.
      }
    },
    stop: (graceS) => launcher.stop(layout, conformRun, epoch, graceS),
    async ended() {
      while (await alive()) await sleep(pollMs);
      const seen = await launcher.observe(layout, conformRun, epoch);
      if (seen.status === 'ended') return seen.exit;
      await trial.stop(0);
      return null;
    },
  };
  return trial;
}
