/** A run at its end, judged by its witness, the database and promises.ts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingResult } from '../../../workflows/training/contract.ts';
import { rows } from './chaos-stack.ts';
import type { Strike, Target } from './faults/target.ts';
import { statusOf } from './operate.ts';
import { type FaultName, type Promised, promises } from './promises.ts';
import { readWitness, undisturbed } from './witness.ts';

export interface Struck extends Strike {
  readonly fault: FaultName;
}

export interface AttemptEnd {
  readonly epoch: number;
  readonly outcome: string | null;
  /** What told it. */
  readonly evidence: string;
  readonly resumeStep: number;
  readonly beganMs: number;
  /** When the database learned it, in ms since 1970. */
  readonly endedMs: number;
}

export interface RunReport {
  readonly name: string;
  readonly struck: readonly Struck[];
  readonly attempts: readonly AttemptEnd[];
  /** Did not end within the time after the last fault. */
  readonly stuck: boolean;
  readonly succeeded: boolean;
  readonly weightsEqual: boolean;
  readonly duplicates: number;
  /** Steps made more than once. */
  readonly stepsLost: number;
  /** Why it asked for a person, each time. */
  readonly parked: readonly string[];
  /** Attempts beyond those that the faults explain. */
  readonly needless: number;
  /** Attempts that were ended as hanging and were not made to hang. */
  readonly falseHangs: number;
  readonly corrupt: { readonly struck: number; readonly rolledBack: number };
  /** Promises that were broken, in words. */
  readonly broken: readonly string[];
}

export async function judge(
  target: Target,
  { maxSteps, seed }: { readonly maxSteps: number; readonly seed: number },
  struck: readonly Struck[],
  parked: readonly string[],
): Promise<RunReport> {
  const { stack, run, witness } = target;
  const { steps, duplicates } = await readWitness(witness);
  const attempts = await attemptsOf(target);
  const first = steps.filter(({ rank }) => rank === 0);
  const needless = attempts.length - 1 - struck.reduce((sum, { fault }) => sum + attemptsOfFault(fault), 0);
  const falseHangs = attempts.filter((attempt) => attempt.outcome === 'hang' && !mayHang(attempt, struck));
  const corrupt = await corruptOf(target, attempts, struck);
  const common = {
    ...{ name: run, struck, attempts, parked, duplicates, corrupt },
    stepsLost: first.length - new Set(first.map(({ step }) => step)).size,
    needless: Math.max(0, needless - falseHangs.length),
    falseHangs: falseHangs.length,
  };
  const broken = [
    ...struck.flatMap((one) => one.broken ?? []),
    ...struck.flatMap((one) => wrongClass(one, attempts, struck, target.ranks) ?? []),
    ...(common.needless > 0
      ? [`${needless} attempts that no fault explains: ${unexplained(attempts, struck)}`]
      : []),
    ...(corrupt.rolledBack < corrupt.struck ? ['a damaged checkpoint still counts as verified'] : []),
  ];
  if ((await statusOf(target)) === 'RUNNING')
    return { ...common, stuck: true, succeeded: false, weightsEqual: false, broken: [...broken, 'stuck'] };
  try {
    const result = await stack.ask(
      (client) => client.workflow.getHandle(target.workflowId).result() as Promise<TrainingResult>,
    );
    const path = join(target.root, run.slice(run.indexOf('/') + 1), 'artefacts', result.artefact);
    const { states } = JSON.parse(await readFile(join(path, 'weights.json'), 'utf8')) as { states: unknown };
    const expected = JSON.stringify(undisturbed(rows, seed, target.ranks, maxSteps));
    const weightsEqual = JSON.stringify(states) === expected && result.steps === maxSteps;
    return { ...common, stuck: false, succeeded: true, weightsEqual, broken };
  } catch (error) {
    const failure = String((error as Error).cause ?? error).slice(0, 300);
    const failed = [...broken, `failed: ${failure}`];
    return { ...common, stuck: false, succeeded: false, weightsEqual: false, broken: failed };
  }
}

async function attemptsOf({ stack, run }: Target): Promise<AttemptEnd[]> {
  const found = await stack.query((database) =>
    database
      .selectFrom('training_attempts')
      .select(['epoch', 'outcome', 'evidence', 'resume_step', 'started_at', 'ended_at'])
      .where('run', '=', run)
      .orderBy('epoch')
      .execute(),
  );
  return found.map((row) => ({
    ...{ epoch: row.epoch, outcome: row.outcome, resumeStep: row.resume_step ?? 0 },
    evidence: (row.evidence as { text?: string } | null)?.text ?? '',
    ...{ beganMs: row.started_at.getTime(), endedMs: row.ended_at?.getTime() ?? Number.NaN },
  }));
}

export const promised = (fault: FaultName): Promised => promises[fault];

function attemptsOfFault(fault: FaultName): number {
  const { attempt, attempts = 1 } = promised(fault);
  return attempt === 'lives' ? 0 : attempts;
}

function unexplained(attempts: readonly AttemptEnd[], struck: readonly Struck[]): string {
  const left = attempts.filter(
    ({ epoch, outcome }) => outcome !== 'completed' && !struck.some((one) => one.epoch === epoch),
  );
  return left.map(({ epoch, outcome, evidence }) => `${epoch} ${outcome} (${evidence})`).join(', ');
}

/** Of an attempt that this fault alone struck. */
function wrongClass(
  { fault, epoch }: Struck,
  attempts: readonly AttemptEnd[],
  struck: readonly Struck[],
  ranks: number,
): string | undefined {
  const { classes, attempt: expected } = promised(fault);
  const attempt = attempts.find((one) => one.epoch === epoch);
  if (!classes || !attempt?.outcome) return undefined;
  const others = struck.filter(
    (one) => promised(one.fault).attempt !== 'lives' && (one.epoch === epoch || strikesAnyOf(one, attempt)),
  );
  if (others.length !== 1) return undefined;
  const also = [...(ranks > 1 ? ['collectiveTimeout'] : []), ...(expected === 'later' ? ['completed'] : [])];
  if ([...classes, ...also].includes(attempt.outcome)) return undefined;
  return `${fault}: attempt ${epoch} ended as ${attempt.outcome} (${attempt.evidence})`;
}

/** A fault of the workflow, or one that lasts, belongs to no epoch. */
function strikesAnyOf({ epoch, fault, atMs }: Struck, { beganMs, endedMs }: AttemptEnd): boolean {
  const lastsMs = fault === 'diskFilled' ? 20_000 : 0;
  return (epoch === undefined || lastsMs > 0) && atMs + lastsMs > beganMs - 10_000 && !(atMs > endedMs);
}

const stopsMoving = new Set<FaultName>(['hangs', 'stopped', 'shimStopped', 'diskFilled', 'fileSizeLimited']);

function mayHang(attempt: AttemptEnd, struck: readonly Struck[]): boolean {
  return struck.some(
    (one) => stopsMoving.has(one.fault) && (one.epoch === attempt.epoch || strikesAnyOf(one, attempt)),
  );
}

/** Damaged checkpoints that a later attempt would have resumed from. */
async function corruptOf(
  { stack, run }: Target,
  attempts: readonly AttemptEnd[],
  struck: readonly Struck[],
): Promise<RunReport['corrupt']> {
  const states = await stack.query((database) =>
    database
      .selectFrom('training_checkpoints')
      .select(['step', 'epoch', 'state'])
      .where('run', '=', run)
      .execute(),
  );
  const counted = struck.flatMap(({ damaged, epoch }) => {
    const next = attempts.find((attempt) => epoch !== undefined && attempt.epoch > epoch);
    return damaged && next && next.resumeStep <= damaged.step ? [damaged] : [];
  });
  const rolledBack = counted.filter(({ step, epoch }) =>
    states.some((row) => row.step === step && row.epoch === epoch && row.state !== 'verified'),
  );
  return { struck: counted.length, rolledBack: rolledBack.length };
}
