/**
 * buildDataset: score matrix -> selection -> refinement -> SFT files. Every step works on blobs and stored executions, so
 * the same input again does only what is missing. A spent budget ends it with `Budget.Exceeded`, or, with `whenSpent: 'use'`,
 * leaves it the queries that are complete; what is done stays stored.
 */
import { ApplicationFailure, continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { type MatrixActivities, matrixActivityOptions } from '../matrix/contract.ts';
import { type MatrixCarried, type MatrixResult, progressOf, runMatrix } from '../matrix/run-matrix.ts';
import { createSteering } from '../matrix/steering.ts';
import { createProgress, type Progress } from '../shared/progress.ts';
import { priorities, priorityOf, queuesOf } from '../shared/queues.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { addUsage, noUsage } from '../shared/usage.ts';
import { withRun } from '../shared/with-run.ts';
import {
  type DatasetActivities,
  datasetActivityOptions,
  type DatasetInput,
  type DatasetPlan,
  type DatasetResult,
  type EmbedResult,
} from './contract.ts';
import { type LeadersCarried, runLeaders } from './leaders-stage.ts';
import { type RaceCarried, type Raced, runRace } from './race-stage.ts';
import { refineSelection } from './refine-stage.ts';

/** State across continue-as-new, which only matrices need: what follows is one activity per hundred queries. */
interface Carried {
  readonly v: 1;
  readonly resolved: ResolvedRun<DatasetInput>;
  readonly plan: DatasetPlan;
  readonly matrix: MatrixCarried;
  /** Of `groupBy: 'embedding'`: made before the matrix, so that an embedder that fails does so before much is spent. */
  readonly grouped?: EmbedResult;
  /** Set while programs race: `plan` is that of the full matrix, and `matrix` that of the round. */
  readonly race?: RaceCarried;
  /** Set while leading programs get more repeats: `plan` is what the matrix left, and `matrix` that of the leaders. */
  readonly leaders?: LeadersCarried;
}

export async function buildDataset(input?: unknown, carried?: Carried): Promise<DatasetResult> {
  const options = { kind: 'dataset', input, resolve: 'resolveDatasetInput' } as const;
  return await withRun<DatasetInput, DatasetResult>({ ...options, resolved: carried?.resolved }, (run) =>
    build(input, run, carried),
  );
}

async function build(
  raw: unknown,
  resolved: ResolvedRun<DatasetInput>,
  carried: Carried | undefined,
): Promise<DatasetResult> {
  const { run, input } = resolved;
  const publish = createProgress(
    { state: 'running', stage: 'queries', done: 0, failed: 0, total: 0 },
    resolved.rules,
  );
  const { maxWallMinutes } = input;
  const steering = createSteering({ carried: carried?.matrix.steering, maxWallMinutes });
  const planned = carried?.plan ?? (await onQueue('workflows', 'planDataset', run).planDataset(run, input));
  const steered = (resolved.rules ?? 1) >= 4;
  let { grouped } = carried ?? {};
  if (steered && input.groupBy === 'embedding') grouped ??= await embed(planned.plan, resolved, publish);
  publish({ stage: 'score matrix', total: planned.cells, unit: 'cells', simulated: planned.simulated });

  const state = (matrix: MatrixCarried) => {
    return { v: 1, resolved, plan: planned, matrix, ...(grouped ? { grouped } : {}) } as const;
  };
  const scored: Raced = carried?.leaders
    ? { plan: planned, matrix: { ...carried.leaders.matrix, unfinished: 0 } }
    : input.selection?.race
      ? await runRace({
          ...{ resolved, plan: planned, groups: grouped?.groups, steering, publish },
          ...{ carried: carried?.race, matrix: carried?.matrix, before: grouped?.usage ?? noUsage },
          planRace: (...args) => onQueue('workflows', 'planRace', run).planRace(...args),
          continueAsNew: (race, own) => continueAsNew<typeof buildDataset>(raw, { ...state(own), race }),
        })
      : {
          plan: planned,
          matrix: await runMatrix({
            ...{ plan: planned.plan, cells: planned.cells, run, steering, rules: resolved.rules },
            ...{ priority: priorities.dataset, carried: carried?.matrix },
            onProgress: (matrix) => publish({ stage: 'score matrix', ...progressOf(matrix) }),
            continueAsNew: (own) => continueAsNew<typeof buildDataset>(raw, state(own)),
          }),
        };
  const { matrix } = scored;
  const plan = matrix.spent === undefined ? scored.plan : await whatIsComplete(input, scored.plan, matrix);

  let more = carried?.leaders?.sums.more ?? {};
  if (input.groupBy === 'embedding' && more.groups === undefined) {
    const left = { planned, scored: scored.plan, complete: plan };
    grouped = await groupWhatIsLeft(grouped, left, resolved, publish);
    more = { groups: grouped.groups };
  }
  const leading =
    input.selection?.leaders && matrix.spent === undefined
      ? await runLeaders({
          ...{ resolved, plan: plan.plan, more, publish, steering },
          ...{ carried: carried?.leaders, matrix: carried?.leaders && carried.matrix },
          spent: { usage: matrix.usage, simulated: matrix.simulated },
          planLeaders: (...args) => onQueue('workflows', 'planLeaders', run).planLeaders(...args),
          continueAsNew: (leaders, own) =>
            continueAsNew<typeof buildDataset>(raw, { ...state(own), plan, leaders }),
        })
      : { more, cells: undefined, spent: undefined, usage: noUsage, simulated: false };
  if (leading.spent !== undefined && input.whenSpent !== 'use')
    throw budgetSpent('the score matrix, and some of the repeats for leading programs', leading.spent);
  const spent = addUsage(addUsage(grouped?.usage ?? noUsage, matrix.usage), leading.usage);
  // From here on no time ends it: what the matrix has is worth its refinement.
  if (steered) steering.reopen({ timed: false });

  publish({ stage: 'selection', open: [] });
  const { selectPrograms } = onQueue('workflows', 'selectPrograms', run);
  const selection = await selectPrograms(plan.plan, input, leading.more);
  const refined = await refineSelection({
    ...{ resolved, plan, selection, spent, publish },
    steering: steered ? steering : undefined,
  });
  if (refined.spent !== undefined)
    throw budgetSpent('the score matrix, and some of the refinement', refined.spent);
  const dropped = selection.dropped + refined.dropped;

  publish({ stage: 'export' });
  const exported = await onQueue('workflows', 'exportDataset', run).exportDataset({
    ...{ run, input, plan, selection, dropped },
    finals: refined.finals,
    refinement: refined.refinement,
  });
  publish({ state: 'succeeded', stage: 'done' });
  return {
    run,
    ...exported,
    cells: plan.cells,
    ...(plan.raced ? { racedOut: plan.raced.of - plan.cells } : {}),
    ...(leading.cells === undefined ? {} : { leaderCells: leading.cells }),
    dropped,
    ...(plan.unusable ? { unusable: plan.unusable } : {}),
    ...(plan.leftOut ? { leftOut: plan.leftOut.queries } : {}),
    groups: selection.groups,
    ...(selection.report === undefined ? {} : { selectionReport: selection.report }),
    refinement: refined.refinement,
    finals: refined.finals,
    usage: addUsage(spent, refined.usage),
    simulated: plan.simulated || matrix.simulated || leading.simulated,
  };
}

async function embed(
  plan: string,
  { run, input }: ResolvedRun<DatasetInput>,
  publish: (update: Partial<Progress>) => void,
): Promise<EmbedResult> {
  publish({ stage: 'grouping', open: [] });
  const made = await onQueue('cpu', 'embedQueries', run).embedQueries(plan, input, run);
  return typeof made === 'string' ? { groups: made, usage: noUsage } : made;
}

/**
 * Groups of the queries that the matrix completed. A race keeps the groups it raced in; otherwise queries are grouped anew, from
 * vectors that are recorded and cost nothing here.
 */
async function groupWhatIsLeft(
  grouped: EmbedResult | undefined,
  { planned, scored, complete }: Readonly<Record<'planned' | 'scored' | 'complete', DatasetPlan>>,
  resolved: ResolvedRun<DatasetInput>,
  publish: (update: Partial<Progress>) => void,
): Promise<EmbedResult> {
  if (grouped && resolved.input.selection?.race) {
    if (complete === scored) return grouped;
    const { regroupQueries } = onQueue('workflows', 'regroupQueries', resolved.run);
    const from = { groups: grouped.groups, from: scored.plan, to: complete.plan };
    return { ...grouped, groups: await regroupQueries(from) };
  }
  if (grouped && complete === planned) return grouped;
  const { groups, usage } = await embed(complete.plan, resolved, publish);
  return { groups, usage: addUsage(grouped?.usage ?? noUsage, usage) };
}

/** Throws `Budget.Exceeded` where the input wants that, or no query is complete. */
async function whatIsComplete(
  input: DatasetInput,
  planned: DatasetPlan,
  { spent: cause = '', unfinished }: Pick<MatrixResult, 'spent' | 'unfinished'>,
): Promise<DatasetPlan> {
  const done = `${planned.cells - unfinished} of ${planned.cells} executions`;
  if (input.whenSpent !== 'use') throw budgetSpent(done, cause);
  const { keepComplete } = proxyActivities<MatrixActivities>(matrixActivityOptions.keepComplete);
  const complete = await keepComplete(planned.plan);
  if (complete.queries === 0) throw budgetSpent(`${done}, no query complete`, cause);
  const raced = planned.raced && { of: (planned.raced.of / planned.queries) * complete.queries };
  const leftOut = { queries: planned.queries - complete.queries, cause };
  return { ...planned, ...complete, ...(raced ? { raced } : {}), leftOut };
}

function onQueue(
  role: 'workflows' | 'cpu',
  activity: keyof typeof datasetActivityOptions,
  run: string,
): DatasetActivities {
  return proxyActivities<DatasetActivities>({
    ...datasetActivityOptions[activity],
    taskQueue: queuesOf(workflowInfo().taskQueue)[role],
    priority: priorityOf(priorities.dataset, run),
  });
}

function budgetSpent(done: string, reason: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'Budget.Exceeded',
    message: `the dataset ended after ${done}; what is done is kept: ${reason}`,
    nonRetryable: true,
  });
}
