/**
 * Drives one program to its end: a local step, an activity per call it waits for, and a step again as soon as any of them
 * completes. No barrier: one slow call holds up only the thread of the program that waits for it.
 */
import {
  CancellationScope,
  condition,
  defineSignal,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { priorities, priorityOf, queuesOf } from '../shared/queues.ts';
import type { Agents } from './agents.ts';
import {
  type AnswerActivities,
  answerActivityOptions,
  answerLocalOptions,
  type CallInput,
  type CallRef,
  type ProgramStep,
  type StepInput,
  wakeSignalName,
} from './contract.ts';
import { createNews } from './news.ts';

export type ProgramEnd = Exclude<ProgramStep, { readonly calls: unknown }>;

const wakeSignal = defineSignal(wakeSignalName);

export interface DriveOptions {
  readonly input: Omit<StepInput, 'handed' | 'expired'>;
  /** When the program began; its total time counts from there, over continue-as-new too. */
  readonly startedAtMs: number;
  readonly agents: Agents;
  /** Of the run. */
  readonly rules: number;
  readonly onChange: () => void;
  readonly onExecution: (key: string) => void;
}

const { stepProgram, releaseProgram } = proxyLocalActivities<AnswerActivities>(answerLocalOptions);

/** `continue`: history has grown long, all calls have ended, and the journal holds the rest. Throws what made a call impossible. */
export async function driveProgram(options: DriveOptions): Promise<ProgramEnd | 'continue'> {
  const scope = new CancellationScope();
  try {
    return await scope.run(() => drive(options));
  } catch (thrown) {
    await CancellationScope.nonCancellable(() => releaseProgram({ ...options.input, handed: [] }));
    throw thrown;
  } finally {
    // The timer, and calls that the program did not wait for.
    scope.cancel();
  }
}

async function drive({ input, startedAtMs, agents, rules, onChange, onExecution }: DriveOptions) {
  const queues = queuesOf(workflowInfo().taskQueue);
  const outstanding = new Set<number>();
  const performed = new Set<number>();
  const news = createNews(rules);
  let expired = false;
  let impossible: unknown;
  /** The step that followed the reply to an only call, where the program lived in the worker that made it. */
  let gone: { readonly seq: number; readonly step: ProgramStep } | undefined;

  const remainingMs = Math.max(1, startedAtMs + input.limits.totalMs - Date.now());
  sleep(remainingMs).then(
    () => (expired = true),
    () => {},
  );

  setHandler(wakeSignal, news.wake);

  async function perform(execution: string, ref: CallRef, isOnly: boolean): Promise<void> {
    outstanding.add(ref.seq);
    performed.add(ref.seq);
    agents.start(ref);
    const isCode = ref.method === 'executeCode' || ref.method === 'testCode';
    const activities = proxyActivities<AnswerActivities>({
      ...answerActivityOptions.call,
      // An only call starves nobody: it may start at once, in the worker that holds the program.
      taskQueue: isCode ? queues.code : isOnly ? queues.workflows : queues.llm,
      summary: ref.summary,
      priority: priorityOf(priorities.answer, input.run),
    });
    try {
      const call: CallInput = { execution, seq: ref.seq, ...(isOnly ? { goOn: true } : {}) };
      const done = await (isCode ? activities.runCode(call) : activities.chatCall(call));
      agents.end(ref, done);
      if (done.step) gone = { seq: ref.seq, step: done.step };
    } catch (thrown) {
      const isUnwaited = isCancellation(thrown);
      agents.end(ref, isUnwaited ? 'unwaited' : 'failed');
      if (!isUnwaited) impossible ??= thrown;
    } finally {
      outstanding.delete(ref.seq);
      news.complete(ref.seq);
      onChange();
    }
  }

  /** Stale once another step has delivered the reply. */
  function takeGone(answered: readonly number[]): ProgramStep | null {
    const taken = gone;
    gone = undefined;
    return taken && answered.length === 1 && answered[0] === taken.seq ? taken.step : null;
  }

  for (;;) {
    news.stepping();
    const handed = [...outstanding];
    const answered = news.undelivered();
    const outlined = agents.isOutlined;
    const step =
      (expired ? null : takeGone(answered)) ??
      (await stepProgram({
        ...{ ...input, handed, answered, outlined },
        ...(expired ? { expired } : {}),
      }));
    onExecution(step.execution);
    if (!('calls' in step)) return step;
    news.stepped(step);
    if (step.outline) agents.outline(step.outline);
    const calls = step.calls.filter(({ seq }) => !performed.has(seq));
    const isOnly = news.isExact && calls.length === 1 && outstanding.size === 0 && step.state === 'waiting';
    for (const ref of calls) void perform(step.execution, ref, isOnly);
    if (calls.length > 0) onChange();
    const isEnough = (): boolean => expired || impossible !== undefined;
    if (step.state === 'waiting' && !news.isExact) await news.wait(isEnough);
    if (impossible) throw impossible;
    if (isLong()) {
      await condition(() => outstanding.size === 0);
      if (impossible) throw impossible;
      return 'continue';
    }
    if (step.state === 'waiting' && news.isExact) await news.wait(() => isEnough() || isLong());
  }
}

/** The server's word: by default 4,096 events or 4 MB. */
function isLong(): boolean {
  return workflowInfo().continueAsNewSuggested;
}
