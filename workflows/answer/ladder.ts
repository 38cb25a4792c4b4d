/**
 * The ladder of an answer: the chosen or generated program, its one repair, the fallback program, one plain call. Each step
 * that does not answer is noted with its reason and hands on to the next.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { ProgramRef } from '../shared/program.ts';
import { priorities, priorityOf } from '../shared/queues.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import {
  type AnswerActivities,
  answerActivityOptions,
  type AnsweredBy,
  type AnswerPlan,
  type AnswerResult,
  type GenerateInput,
} from './contract.ts';

export interface Rung {
  readonly step: AnsweredBy;
  readonly program: ProgramRef;
  readonly startedAtMs: number;
}

/** Carried over continue-as-new. */
export interface Ladder {
  /** The program under way; null before the first one is known. */
  rung: Rung | null;
  skipped: AnswerResult['skipped'][number][];
  executions: string[];
  /** Keys of the first program's generation and of its repair. */
  generations: string[];
}

export interface Reason {
  readonly kind: string;
  readonly message: string;
}

export function emptyLadder(): Ladder {
  return { rung: null, skipped: [], executions: [], generations: [] };
}

/** The first program there is: chosen, generated, repaired before it ever ran, else the fallback. */
export async function firstRung(run: ResolvedRun<AnswerPlan>, ladder: Ladder): Promise<Rung> {
  const { chosen, generator } = run.input;
  if (chosen) return rungOf('chosen', chosen);
  if (generator === null) {
    skip(ladder, 'generated', {
      kind: 'noGenerator',
      message: 'no generator is configured: set `generator` in the config, or name one',
    });
    return rungOf('fallback', run.input.fallback);
  }
  const program = await write(run, ladder, 'generated');
  if (program) return rungOf('generated', program);
  return (await repaired(run, ladder, null)) ?? rungOf('fallback', run.input.fallback);
}

/** What follows a rung that gave no answer; null at the end. `repairable`: its program ran and failed. */
export async function nextRung(
  run: ResolvedRun<AnswerPlan>,
  ladder: Ladder,
  rung: Rung,
  { repairable }: { readonly repairable: boolean },
): Promise<Rung | null> {
  const { fallback, single } = run.input;
  switch (rung.step) {
    case 'generated': {
      const execution = ladder.executions.at(-1);
      const mended = repairable && execution ? await repaired(run, ladder, execution) : null;
      if (mended) return mended;
      break;
    }
    case 'chosen':
    case 'repaired':
      break;
    case 'fallback':
      return single && single.sha256 !== rung.program.sha256 ? rungOf('single', single) : null;
    case 'single':
      return null;
  }
  if (rung.program.sha256 !== fallback.sha256) return rungOf('fallback', fallback);
  return single && single.sha256 !== fallback.sha256 ? rungOf('single', single) : null;
}

export function skip(ladder: Ladder, step: AnsweredBy, { kind, message }: Reason): void {
  ladder.skipped.push({ step, kind, message });
}

/** Of an activity's failure: the type of the table and its message. */
export function reasonOf(thrown: unknown): Reason {
  const root = thrown instanceof ActivityFailure ? thrown.cause : thrown;
  if (root instanceof ApplicationFailure) return { kind: root.type ?? 'Error', message: root.message };
  if (root instanceof TimeoutFailure)
    return { kind: 'Llm.Timeout', message: 'the model did not answer in time' };
  return { kind: 'Error', message: String(root) };
}

/** One repair at most; `execution` showed the failure, null when the reply held no program. */
async function repaired(
  run: ResolvedRun<AnswerPlan>,
  ladder: Ladder,
  execution: string | null,
): Promise<Rung | null> {
  const [generation, ...others] = ladder.generations;
  if (!run.input.repair || generation === undefined || others.length > 0) return null;
  const program = await write(run, ladder, 'repaired', { generation, execution });
  return program && rungOf('repaired', program);
}

/** Null when the generator wrote none; the ladder says why. */
async function write(
  { run, tenant, input: plan }: ResolvedRun<AnswerPlan>,
  ladder: Ladder,
  step: 'generated' | 'repaired',
  repair?: GenerateInput['repair'],
): Promise<ProgramRef | null> {
  const { query, generator, sampling } = plan;
  if (generator === null) return null;
  const { generateProgram } = proxyActivities<AnswerActivities>({
    ...answerActivityOptions.generate,
    summary: `${generator} ${repair ? 'repairs' : 'writes'} the program`,
    priority: priorityOf(priorities.answer, run),
  });
  try {
    const generated = await generateProgram({
      ...{ run, tenant, query, generator },
      ...(sampling ? { sampling } : {}),
      ...(repair ? { repair } : {}),
    });
    ladder.generations.push(generated.key);
    if (generated.status === 'ok') return generated.program;
    skip(ladder, step, generated);
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    skip(ladder, step, reasonOf(thrown));
  }
  return null;
}

function rungOf(step: AnsweredBy, program: ProgramRef): Rung {
  return { step, program, startedAtMs: Date.now() };
}
