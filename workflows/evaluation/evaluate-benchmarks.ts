/**
 * evaluateBenchmarks: queries of all benchmarks x systems x drivers as one matrix, then the summary. The same input again
 * does only what is missing; a spent budget ends it with `Budget.Exceeded`, and what is done stays stored.
 */
import { ApplicationFailure, continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { type MatrixCarried, progressOf, runMatrix } from '../matrix/run-matrix.ts';
import { createSteering } from '../matrix/steering.ts';
import { cell } from '../shared/encode/markdown.ts';
import { createProgress } from '../shared/progress.ts';
import { priorities } from '../shared/queues.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { withRun } from '../shared/with-run.ts';
import {
  type EvaluationActivities,
  evaluationActivityOptions,
  type EvaluationInput,
  type EvaluationPlan,
  type EvaluationResult,
  type ScoreRow,
} from './contract.ts';

/** State across continue-as-new. A later release adds `v: 2` and an upcaster. */
interface Carried {
  readonly v: 1;
  readonly resolved: ResolvedRun<EvaluationInput>;
  readonly plan: EvaluationPlan;
  readonly matrix: MatrixCarried;
}

const { planEvaluation } = proxyActivities<EvaluationActivities>(evaluationActivityOptions.planEvaluation);
const { summariseEvaluation } = proxyActivities<EvaluationActivities>(
  evaluationActivityOptions.summariseEvaluation,
);

export async function evaluateBenchmarks(input?: unknown, carried?: Carried): Promise<EvaluationResult> {
  const options = { kind: 'evaluation', input, resolve: 'resolveEvaluationInput' } as const;
  return await withRun<EvaluationInput, EvaluationResult>(
    { ...options, resolved: carried?.resolved },
    (run) => evaluate(input, run, carried),
  );
}

async function evaluate(
  raw: unknown,
  resolved: ResolvedRun<EvaluationInput>,
  carried: Carried | undefined,
): Promise<EvaluationResult> {
  const { run, input } = resolved;
  const publish = createProgress(
    { state: 'running', stage: 'benchmarks', done: 0, failed: 0, total: 0 },
    resolved.rules,
  );
  const { maxWallMinutes } = input;
  const steering = createSteering({ carried: carried?.matrix.steering, maxWallMinutes });
  const plan = carried?.plan ?? (await planEvaluation(input));
  publish({ stage: 'executions', total: plan.cells, unit: 'cells', simulated: plan.simulated });

  const matrix = await runMatrix({
    ...{ plan: plan.plan, cells: plan.cells, run, steering, rules: resolved.rules },
    ...{ priority: priorities.evaluation, carried: carried?.matrix },
    onProgress: (progress) => publish(progressOf(progress)),
    continueAsNew: (state) =>
      continueAsNew<typeof evaluateBenchmarks>(raw, { v: 1, resolved, plan, matrix: state }),
  });
  if (matrix.spent !== undefined) throw budgetSpent(plan.cells - matrix.unfinished, plan.cells, matrix.spent);

  publish({ stage: 'summary', open: [] });
  const summary = await summariseEvaluation({ run, input, plan });
  publish({ state: 'succeeded', stage: 'done', details: scores(summary.results) });
  return {
    run,
    ...summary,
    unfinished: matrix.unfinished,
    usage: matrix.usage,
    simulated: plan.simulated || matrix.simulated,
  };
}

function scores(rows: readonly ScoreRow[]): string {
  const { workflowId } = workflowInfo();
  const shown = rows
    .slice(0, 20)
    .map(
      ({ system, benchmark, driver, accuracy, low, high, n }) =>
        `| ${cell(system)} | ${cell(benchmark)} | ${cell(driver)} | ${percent(accuracy)} (${percent(low)} to ${percent(high)}) | ${n} |`,
    );
  return [
    '| system | benchmark | driver | accuracy, 95 % interval | items |\n|---|---|---|---|---|',
    ...shown,
    `\nThe whole report: \`masgpt report ${cell(workflowId.slice(workflowId.indexOf('/') + 1))}\``,
  ].join('\n');
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

function budgetSpent(done: number, cells: number, reason: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'Budget.Exceeded',
    message: `the evaluation ended after ${done} of ${cells} executions; what is done is kept: ${reason}`,
    nonRetryable: true,
  });
}
