/** What a run that waits for a person shows: what happened, what each choice would do, and the command for it. Pure. */
import { cell, gap } from '../shared/encode/markdown.ts';
import type { TrainingUpdate } from './contract.ts';
import type { AttemptOutcome } from './outcome.ts';
import type { Choice, Parked } from './view.ts';

export interface ParkedRun {
  /** Without `training/`. */
  readonly name: string;
  readonly outcome: AttemptOutcome;
  readonly why: string;
  readonly checkpoints: readonly number[];
  readonly accepts: readonly TrainingUpdate[];
  readonly sinceMs: number;
}

export function parkedOf(run: ParkedRun): Parked {
  const { outcome, checkpoints } = run;
  const newest = checkpoints.at(-1) ?? null;
  const from = newest === null ? 'from the start' : `from step ${newest}`;
  const damaged = outcome.class === 'checkpointCorrupt' && newest === null;
  const steps = checkpoints.slice(-maxSteps).join(', ') || 'none';
  const older = checkpoints.at(-2) ?? newest ?? 0;
  const all: readonly (Choice & { readonly update: TrainingUpdate })[] = [
    choice(run, 'resume', damaged ? 'look again for a whole checkpoint' : `go on ${from}`, 'resume', {}),
    choice(
      run,
      'retryFromCheckpoint',
      damaged
        ? 'begin again at step 0; no checkpoint is left'
        : `go on from an older step, 0 is the start; newer checkpoints are set aside. Verified: ${steps}`,
      `retry-from --step ${older}`,
      { step: older },
    ),
    choice(run, 'changeConfig', 'change the attempts to come, then resume', 'change-config --save-steps 50', {
      saveSteps: 50,
    }),
    choice(run, 'abort', 'end the run as failed; its checkpoints stay', 'abort --reason "…"', {
      reason: '…',
    }),
  ];
  return {
    cause: outcome.cause,
    why: run.why,
    evidence: outcome.evidence.slice(0, maxEvidence),
    lastVerifiedStep: newest,
    sinceMs: run.sinceMs,
    log: `masgpt training logs ${run.name}`,
    choices: all.filter(({ update }) => run.accepts.includes(update)),
  };
}

const maxSteps = 10;
const maxEvidence = 500;

function choice(
  { name }: ParkedRun,
  update: TrainingUpdate,
  does: string,
  command: string,
  input: unknown,
): Choice & { readonly update: TrainingUpdate } {
  const [verb = '', ...flags] = command.split(' ');
  const line = ['masgpt training', verb, name, ...flags].join(' ');
  return { update, does, command: line, input: JSON.stringify(input) };
}

/** Markdown below the table of the run's details. */
export function parkedDetails(parked: Parked): string {
  const rows = parked.choices.map(
    ({ update, does, command, input }) =>
      `| ${update}${gap} | ${cell(does)}${gap} | \`${command}\`${gap} | \`${input}\` |`,
  );
  const newest = parked.lastVerifiedStep === null ? 'none' : `step ${parked.lastVerifiedStep}`;
  return [
    `Seen: ${cell(parked.evidence)}`,
    '',
    `Last verified checkpoint: ${newest}. The log: \`${parked.log}\``,
    '',
    '| update | does | command | input of the update |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
