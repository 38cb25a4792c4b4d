/** What a watch tells its workflow by signal, for people alone: at each new checkpoint, notice or first step, else every 10 s. */
import type { Context } from '@temporalio/activity';
import { trainingStepSignal, type TrainingStep } from '../../workflows/training/contract.ts';

const signalEveryMs = 10_000;
/** Losses that one signal carries. */
const maxLosses = 16;

type Loss = readonly [step: number, loss: number];

/** History stays short, so that a run of weeks continues as new about once in hours. */
export function createTeller(context: Context): (step: TrainingStep) => void {
  let told = { note: '', state: '', at: -Infinity };
  let waiting: Loss[] = [];
  let lastStep = 0;
  return (step) => {
    const now = performance.now();
    const fresh = (step.losses ?? []).filter(([at]) => at > lastStep);
    lastStep = fresh.at(-1)?.[0] ?? lastStep;
    waiting = thinned([...waiting, ...fresh]);
    const notices = step.notices?.map(({ kind, step: at }) => `${kind}${at}`).join() ?? '';
    const note = `${step.checkpoints.join()}:${step.step > 0}:${notices}`;
    const state = JSON.stringify(step);
    if (state === told.state || (note === told.note && now - told.at < signalEveryMs)) return;
    const { workflowExecution } = context.info;
    if (!workflowExecution) return;
    told = { note, state, at: now };
    const losses = waiting;
    waiting = [];
    // A signal that is lost is followed by the next.
    context.client.workflow
      .getHandle(workflowExecution.workflowId, workflowExecution.runId)
      .signal(trainingStepSignal, { ...step, losses })
      .catch(() => {});
  };
}

/** Every second one goes until they are few enough; the newest stays. */
function thinned(all: readonly Loss[]): Loss[] {
  let kept = [...all];
  while (kept.length > maxLosses) {
    const last = kept.length - 1;
    kept = kept.filter((_, index) => (last - index) % 2 === 0);
  }
  return kept;
}
