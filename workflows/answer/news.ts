/**
 * What a running program has not been told yet, and so when it is stepped again.
 *
 * Temporal's SDK replays two workflow tasks as one when nothing but a local activity ran in the first, as happens when a query
 * or a heartbeat comes during a step. Whether something happened before or during a step must therefore decide nothing: what
 * is new is told by the step's own recorded result, and a wake that comes during a step counts for nothing (it is sent again).
 */
import { condition } from '@temporalio/workflow';
import type { ProgramStep } from './contract.ts';

type OpenStep = Extract<ProgramStep, { readonly calls: unknown }>;

export interface News {
  /** False in runs of an earlier release, which stepped whenever something had happened during a step. */
  readonly isExact: boolean;
  complete(seq: number): void;
  /** Signal of a worker: its program goes on by itself. */
  wake(): void;
  /** Calls that have ended and that no step has delivered. */
  undelivered(): number[];
  stepping(): void;
  stepped(step: OpenStep): void;
  /** Until a call has ended that the program does not know of, or a worker calls, or `isEnough`. */
  wait(isEnough: () => boolean): Promise<void>;
}

/** Steps in a row that found nothing new before further wakes have to wait, a second at first and a minute at last. */
const freeWakes = 20;

/** `rules`: of the run. */
export function createNews(rules: number): News {
  const isExact = rules >= 2;
  const completed = new Set<number>();
  const delivered = new Set<number>();
  let woken = false;
  let happened = 0;
  let idleSteps = 0;

  const undelivered = (): number[] => [...completed].filter((seq) => !delivered.has(seq));

  return {
    isExact,
    undelivered,
    complete(seq) {
      completed.add(seq);
      happened += 1;
    },
    wake() {
      woken = true;
      happened += 1;
    },
    stepping: () => void (happened = 0),
    stepped(step) {
      woken = false;
      // A worker of an earlier release does not say: it delivered what there was.
      for (const seq of step.delivered ?? completed) delivered.add(seq);
      const isIdle = step.state === 'waiting' && step.calls.length === 0 && !step.delivered?.length;
      idleSteps = isIdle ? idleSteps + 1 : 0;
    },
    async wait(isEnough) {
      if (!isExact) return void (await condition(() => happened > 0 || isEnough()));
      const isNews = (): boolean => isEnough() || undelivered().length > 0;
      await condition(() => isNews() || woken);
      // Whoever may signal the workflow can forge a wake: many that find nothing cost a step now and then, no more.
      if (!isNews() && idleSteps >= freeWakes) await condition(isNews, delayMs(idleSteps));
    },
  };
}

function delayMs(idleSteps: number): number {
  return Math.min(60_000, 1_000 * 2 ** (idleSteps - freeWakes));
}
