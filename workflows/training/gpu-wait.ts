/** A run whose GPUs are held by others: shown with who holds them, told to people after a time, and at no cost for weeks. */
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { gpuFreedSignal, type TrainingPlan } from './contract.ts';
import type { Operator } from './operator.ts';
import type { Tell } from './run-state.ts';
import type { RunView } from './run-view.ts';

export interface GpuWait {
  /** Resolves when it is worth to look again, or somebody asked for a pause or an abort. */
  untilFreed(reason: string): Promise<void>;
  /** The GPUs are there. */
  over(): void;
}

/** It is told by signal; a signal that was lost costs at most this. */
const firstLookMs = 60_000;
const mostLookMs = 3_600_000;
const defaultTellAfterS = 1_800;

export function createGpuWait(parts: {
  readonly run: string;
  readonly plan: () => TrainingPlan;
  readonly view: RunView;
  readonly operator: Operator;
  readonly tell: Tell;
}): GpuWait {
  const { run, plan, view, operator, tell } = parts;
  let freed = 0;
  let looked = 0;
  let tries = 0;
  let [waitedMs, told] = [0, false];
  setHandler(defineSignal(gpuFreedSignal), () => {
    freed += 1;
  });

  return {
    async untilFreed(reason) {
      const cause = `waits for a GPU: ${reason}`;
      view.enter('launching', 'waits for a GPU', { key: 'noGpus', cause });
      let leftMs = Math.min(mostLookMs, firstLookMs * 2 ** Math.min(tries, 10));
      tries += 1;
      const isOver = (): boolean => freed > looked || operator.interruption() !== undefined;
      while (leftMs > 0 && !isOver()) {
        const tellInMs = told
          ? Infinity
          : Math.max(1, 1_000 * (plan().gpuWaitS ?? defaultTellAfterS) - waitedMs);
        const sliceMs = Math.min(leftMs, tellInMs);
        const since = Date.now();
        await condition(isOver, sliceMs);
        waitedMs += Date.now() - since;
        leftMs -= sliceMs;
        if (told || isOver() || waitedMs < 1_000 * (plan().gpuWaitS ?? defaultTellAfterS)) continue;
        told = true;
        await tell('noGpu', `${run} ${cause}`, 'noGpus');
      }
      looked = freed;
    },
    over() {
      tries = 0;
      [waitedMs, told] = [0, false];
    },
  };
}
