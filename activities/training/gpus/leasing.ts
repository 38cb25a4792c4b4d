/** When leases of GPUs end: after everything that may have proved an attempt of this host dead. Runs that wait are then told. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { AttemptOutcome } from '../../../workflows/training/contract.ts';
import type { TrainingPorts } from '../ports.ts';
import { releaseUnstarted, settleLeases } from './lease.ts';
import { excludeGpus } from './registry.ts';
import { wakeWaiting } from './waiting.ts';

export interface Leasing {
  /** A broken GPU is excluded before it is released: nobody else may get it. */
  ended(attempt: { readonly run: string; readonly epoch: number }, outcome: AttemptOutcome): Promise<void>;
  settle(run: string): Promise<void>;
  /** Around a launch. */
  launching<T>(
    attempt: { readonly run: string; readonly mintedBy: string },
    launch: () => Promise<T>,
  ): Promise<T>;
}

export function createLeasing(ports: TrainingPorts): Leasing {
  const { database, host } = ports;
  const tell = async (released: number): Promise<void> => {
    if (released > 0) await wakeWaiting(database, Context.current().client);
  };
  const settle = async (run: string): Promise<void> => tell(await settleLeases(ports, run));
  return {
    async ended({ run, epoch }, { exclude, evidence }) {
      if (exclude) await excludeGpus(database, { host, run, epoch }, { pci: exclude.gpu, reason: evidence });
      await settle(run);
    },
    settle,
    async launching({ run, mintedBy }, launch) {
      try {
        const launched = await launch();
        // Its fence has proved older attempts dead, or it came to nothing.
        await settle(run);
        return launched;
      } catch (thrown) {
        if (isFinal(thrown)) await tell(await releaseUnstarted(ports, run, mintedBy));
        throw thrown;
      }
    },
  };
}

/** No retry of the launch follows (workflows/training/attempt.ts `launchActivities`). */
function isFinal(thrown: unknown): boolean {
  return (
    thrown instanceof ApplicationFailure &&
    (thrown.nonRetryable === true || thrown.type === 'Training.LaunchFailed')
  );
}
