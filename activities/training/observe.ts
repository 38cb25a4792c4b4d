/** Launches and watches, told to whoever counts them (observer.ts). The work itself is the same with and without. */
import { Context } from '@temporalio/activity';
import type { AttemptOutcome, LaunchResult } from '../../workflows/training/contract.ts';
import { launchAttempt, type LaunchRequest } from './launch.ts';
import { detectionOf, type WatchedAttempt } from './observer.ts';
import type { TrainingPorts } from './ports.ts';
import { watchAttempt, type WatchHooks, type WatchRequest } from './watch.ts';

export async function launchObserved(
  ports: TrainingPorts,
  request: LaunchRequest,
  mintedBy: string,
): Promise<LaunchResult> {
  const { recipe } = request.plan;
  try {
    const result = await launchAttempt(ports, request, mintedBy);
    if (result.kind === 'launched') ports.observer?.launched(recipe);
    return result;
  } catch (error) {
    ports.observer?.launchFailed(recipe);
    throw error;
  }
}

export async function watchObserved(
  ports: TrainingPorts,
  request: WatchRequest,
  hooks: WatchHooks,
): Promise<AttemptOutcome | null> {
  const { observer } = ports;
  if (!observer) return watchAttempt(ports, request, hooks);
  const { run, epoch, plan } = request;
  const { workflowId = '' } = Context.current().info.workflowExecution ?? {};
  const attempt: WatchedAttempt = { run, epoch, workflowId, recipe: plan.recipe };
  let seen = hooks.view;
  try {
    const outcome = await watchAttempt(ports, request, {
      ...hooks,
      report(view, step) {
        seen = view;
        observer.seen(attempt, view, step);
        hooks.report(view, step);
      },
    });
    if (outcome) observer.ended(plan.recipe, outcome.class, await detectionOf(ports, attempt, outcome, seen));
    return outcome;
  } finally {
    observer.left(attempt);
  }
}
