/** Ends that the workflow itself knows: attempts that did not come about, or were written off; and how a run ends as failed. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { AttemptOutcome, FailureClass } from './outcome.ts';
import { causeOfLaunchFailure } from './reaction.ts';

interface At {
  readonly step: number;
  readonly resumeStep: number | null;
  readonly checkpoints: readonly number[];
}

const nowhere: At = { step: 0, resumeStep: null, checkpoints: [] };

/** A launch that `Training.Refused`, with its cause, would be refused again: it parks. */
const refusal = /^Training\.Refused: (?<cause>[A-Za-z]{1,40}): /;

export function launchFailed(evidence: string, checkpoints: readonly number[]): AttemptOutcome {
  const cause = refusal.exec(evidence)?.groups?.['cause'];
  if (cause !== undefined)
    return outcome('config', `config/${cause}`, evidence.replace(refusal, ''), { ...nowhere, checkpoints });
  return outcome('launchFailed', causeOfLaunchFailure(evidence), evidence, { ...nowhere, checkpoints });
}

/** No host has the GPUs that the recipe asks for. */
export function noSuchGpus(reason: string, checkpoints: readonly number[]): AttemptOutcome {
  return outcome('config', 'config/noGpus', reason, { ...nowhere, checkpoints });
}

export function noCheckpoint(
  quarantined: readonly { readonly step: number; readonly reason: string }[],
): AttemptOutcome {
  const lost = quarantined.map(({ step, reason }) => `step ${step}: ${reason}`);
  return outcome(
    'checkpointCorrupt',
    'checkpointCorrupt/none',
    `no whole checkpoint is left (${lost.join('; ')})`,
  );
}

/** Somebody asked for a pause or an abort, and no trainer runs. */
export function heldBack(checkpoints: readonly number[]): AttemptOutcome {
  return outcome('stopped', 'stopped', 'no trainer runs', { ...nowhere, checkpoints });
}

export function declaredLost(reason: string, host: string, at: At): AttemptOutcome {
  return outcome('nodeLost', 'nodeLost', `host ${host} was declared lost: ${reason}`, at);
}

/** The trainer may well live: nothing is done to it. */
export function unwatched(message: string, at: At): AttemptOutcome {
  return outcome('unknown', 'unknown/watch', `the attempt cannot be watched: ${message}`, at);
}

function outcome(kind: FailureClass, cause: string, evidence: string, at: At = nowhere): AttemptOutcome {
  return { class: kind, cause, beforeFirstStep: at.step === 0, evidence, ...at, rank: null, loss: null };
}

export function endedByOperator(reason: string, last: AttemptOutcome): ApplicationFailure {
  return ended(
    'Training.Failed',
    `aborted by the operator: ${reason} (last end: ${last.class}, ${last.evidence})`,
  );
}

export function superseded(run: string): ApplicationFailure {
  return ended('Fence.Stale', `another workflow has taken over ${run}`);
}

function ended(type: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}
