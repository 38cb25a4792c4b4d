/** Executes a program on a query, repeat by repeat, and grades it. Executions and scores are stored: the same again costs nothing. */
import type { Plan } from '../../workflows/matrix/contract.ts';
import type { Query } from '../../workflows/shared/query.ts';
import { addUsage, noUsage, type Usage } from '../../workflows/shared/usage.ts';
import type { Grading } from '../benchmarks/grading.ts';
import type { Execution, ProgramRunner } from '../mas/run-program.ts';
import { toJson } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';

export interface Scored {
  /** Mean over the repeats, 0 to 1; a program that fails scores 0. */
  readonly score: number;
  /** Of all repeats, at recorded cost. */
  readonly usage: Usage;
  /** What the first failed execution said. */
  readonly failure: string | null;
  readonly executions: readonly Execution[];
}

export interface ScoreParts {
  readonly database: Database;
  readonly grading: Grading;
}

export interface ScoreSpec {
  readonly runner: ProgramRunner;
  readonly plan: Plan;
  readonly run: string;
  /** Temporal's, of the run. */
  readonly namespace: string;
  readonly query: Query;
  readonly program: { readonly id: string; readonly sha256: string; readonly source: string };
  /** Driver of the executions; default: the plan's first. */
  readonly driver?: string;
  readonly repeats: readonly number[];
  /** Told of each execution that was not on record. */
  readonly onSpent: (usage: Usage) => void;
  readonly signal: AbortSignal;
}

export async function scoreProgram(parts: ScoreParts, spec: ScoreSpec): Promise<Scored> {
  const { plan, query, signal } = spec;
  const executions: Execution[] = [];
  let sum = 0;
  for (const repeat of spec.repeats) {
    const execution = await spec.runner.run(
      {
        ...{ tenant: plan.tenant, namespace: spec.namespace, run: spec.run },
        ...{ query, repeat, runSeed: plan.seed, limits: plan.limits, program: spec.program },
        driver: spec.driver ?? (plan.drivers[0] as string),
        callClass: 'dataset',
        commonRandomNumbers: plan.commonRandomNumbers,
      },
      signal,
    );
    if (!execution.stored) spec.onSpent(execution.usage);
    executions.push(execution);
    sum += await gradeStored(parts, query, execution, signal);
  }
  return {
    score: sum / spec.repeats.length,
    usage: executions.reduce((total, { usage }) => addUsage(total, usage), noUsage),
    failure: executions.find(({ failure }) => failure !== null)?.failure?.message ?? null,
    executions,
  };
}

/** The stored score of the current grader, else graded and stored. */
async function gradeStored(
  { database, grading }: ScoreParts,
  query: Query,
  execution: Execution,
  signal: AbortSignal,
): Promise<number> {
  if (execution.status !== 'answered') return 0;
  const grader = grading.graderOf(query);
  const stored = await database
    .selectFrom('scores')
    .select('score')
    .where('execution', '=', execution.key)
    .where('grader', '=', grader)
    .executeTakeFirst();
  if (stored) return stored.score;
  const { score, grader: by, ...verdict } = await grading.grade(query, execution.answer, signal);
  await database
    .insertInto('scores')
    .values({ execution: execution.key, grader: by, score, verdict: toJson(verdict) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return score;
}
