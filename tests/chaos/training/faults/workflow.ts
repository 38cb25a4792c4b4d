/** What people and schedules do to the workflow of a run, through Temporal's own API. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRun } from '../operate.ts';
import { type Fault, present, type Target } from './target.ts';

const mostPausedMs = 3_000;
const watch = 'watchAttempt';

/** Undefined when the run has no watch just now. */
async function onWatch(
  target: Target,
  act: (about: {
    namespace: string;
    execution: { workflowId: string };
    identity: string;
    type: string;
  }) => Promise<void>,
) {
  const attempt = await present(target);
  if (!attempt) return undefined;
  const about = { namespace: 'default', execution: { workflowId: target.workflowId } };
  try {
    await act({ ...about, identity: 'chaos', type: watch });
    return { atMs: Date.now(), epoch: attempt.epoch };
  } catch {
    return undefined; // Between two watches there is none to act on.
  }
}

async function terminate({ stack, workflowId }: Target): Promise<void> {
  await stack.ask((client) => client.workflow.getHandle(workflowId).terminate('chaos')).catch(() => {});
}

/** By an operator's update; refused where the state does not allow it. */
async function update(target: Target, name: string): Promise<boolean> {
  return target.stack
    .ask((client) => client.workflow.getHandle(target.workflowId).executeUpdate(name))
    .then(
      () => true,
      () => false,
    );
}

export const workflowFaults = {
  workflowTerminated: {
    async strike(target) {
      await terminate(target);
      await startRun(target);
      return { atMs: Date.now() };
    },
  },
  movedToAnotherId: {
    async strike(target) {
      await terminate(target);
      target.workflowId = `${target.workflowId}-moved`;
      await startRun(target);
      return { atMs: Date.now() };
    },
  },
  startedUnderAnotherId: {
    async strike(target) {
      const { stack, workflowId } = target;
      const attempt = await present(target);
      const other = { ...target, workflowId: `${workflowId}-other-${Date.now()}` };
      await startRun(other);
      const refusal = await stack
        .ask((client) => client.workflow.getHandle(other.workflowId).result())
        .then(
          () => 'it ran',
          (error: unknown) => String((error as Error).cause),
        );
      const { status } = await stack.ask((client) => client.workflow.getHandle(workflowId).describe());
      // A run that has ended meanwhile no longer holds its name.
      const wrong = status.name === 'RUNNING' && !/is running as workflow/.test(refusal);
      return {
        atMs: Date.now(),
        ...(attempt ? { epoch: attempt.epoch } : {}),
        ...(wrong ? { broken: `a start under another id: ${refusal}` } : {}),
      };
    },
  },
  workflowReset: {
    async strike({ stack, workflowId, random }) {
      return stack.ask(async (client) => {
        const handle = client.workflow.getHandle(workflowId);
        const { events } = await handle.fetchHistory();
        const tasks = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: done }) => done);
        const task = tasks[Math.floor(tasks.length * random())];
        const { runId } = await handle.describe();
        await client.workflowService.resetWorkflowExecution({
          ...{ namespace: 'default', workflowExecution: { workflowId, runId } },
          ...{ reason: 'chaos', requestId: `${workflowId}-${Date.now()}` },
          workflowTaskFinishEventId: task?.eventId ?? null,
        });
        return { atMs: Date.now() };
      });
    },
  },
  watchPaused: {
    async strike(target) {
      const { workflowService } = await target.stack.ask(async (client) => client);
      return onWatch(target, async (about) => {
        await workflowService.pauseActivity(about);
        await sleep(mostPausedMs * target.random());
        await target.stack.ask(() => workflowService.unpauseActivity(about)).catch(() => {});
      });
    },
  },
  watchReset: {
    async strike(target) {
      const { workflowService } = await target.stack.ask(async (client) => client);
      return onWatch(target, async (about) => void (await workflowService.resetActivity(about)));
    },
  },
  operatorPauses: {
    async strike(target) {
      const attempt = await present(target);
      if (!attempt || !(await update(target, 'pause'))) return undefined;
      return { atMs: Date.now(), epoch: attempt.epoch };
    },
  },
  operatorSaves: {
    async strike(target) {
      const attempt = await present(target);
      if (!attempt || !(await update(target, 'saveNow'))) return undefined;
      return { atMs: Date.now(), epoch: attempt.epoch };
    },
  },
} satisfies Readonly<Record<string, Fault>>;
