/** The activities of answerQuery over their ports: a factory, so that a worker of any make can hold them. */
import { Context } from '@temporalio/activity';
import {
  type AnswerActivities,
  type CallInput,
  type Generated,
  type GenerateInput,
  wakeSignalName,
} from '../../workflows/answer/contract.ts';
import type { RunActivities } from '../../workflows/shared/with-run.ts';
import { failure } from '../failure.ts';
import { heartbeating } from '../heartbeating.ts';
import { createRunActivities } from '../storage/runs.ts';
import { createAnswerCall } from './answer-call.ts';
import { type ConcludeParts, createConcludeAnswer } from './conclude-answer.ts';
import { createExecutions } from './executions.ts';
import { createResolveAnswer, type ResolveAnswerParts } from './resolve-answer.ts';
import { createProgramSteps, type StepParts } from './step-program.ts';

/** `generator` is the service here; the configured model's name is `defaultGenerator`. */
export type AnswerParts = StepParts &
  ConcludeParts &
  Omit<ResolveAnswerParts, 'generator'> & { readonly defaultGenerator: string | undefined };

export function createAnswerActivities(
  parts: AnswerParts,
): AnswerActivities & RunActivities & AsyncDisposable {
  const steps = createProgramSteps(parts);
  const call = createAnswerCall({ ...parts, programs: steps });
  const executions = createExecutions(parts.database);

  async function performCall(input: CallInput) {
    const { cancellationSignal: signal, info } = Context.current();
    return await heartbeating(() =>
      call(input, { signal, attempt: info.attempt, namespace: info.namespace, onLate: wakeWorkflow() }),
    );
  }

  async function generateProgram(input: GenerateInput): Promise<Generated> {
    const { tenant, run, generator, sampling } = input;
    const { cancellationSignal: signal, info } = Context.current();
    const { namespace } = info;
    const query = { id: input.query.id, text: await parts.blobs.getText(input.query.sha256) };
    const repair = input.repair && (await failureOf(input.repair));
    const paying = { tenant, namespace, run } as const;
    const spec = { ...paying, query, generator, sampling, repair, callClass: 'interactive' } as const;
    const options = { signal, wait: 'yield' } as const;
    const { key, outcome } = await heartbeating(() => parts.generator.generate(spec, options));
    return { key, ...outcome };
  }

  /** What the generator is told: its program's failure, or why its reply held none. */
  async function failureOf({ generation, execution }: NonNullable<GenerateInput['repair']>) {
    const ended = execution === null ? null : await executions.find(execution);
    if (ended?.failure) return { generation, ...ended.failure };
    const outcome = (await parts.generator.find(generation))?.outcome;
    if (outcome?.status === 'failed') return { generation, kind: outcome.kind, message: outcome.message };
    throw failure('Input.NotFound', `generation ${generation} has no failure to repair`);
  }

  return {
    ...createRunActivities(parts),
    resolveAnswerInput: createResolveAnswer({ ...parts, generator: parts.defaultGenerator }),
    stepProgram: (input) => steps.step(input, wakeWorkflow()),
    releaseProgram: (input) => steps.release(input),
    chatCall: performCall,
    runCode: performCall,
    generateProgram,
    concludeAnswer: createConcludeAnswer(parts),
    [Symbol.asyncDispose]: () => steps[Symbol.asyncDispose](),
  };
}

/** A step between two completions, for a program that went on although it seemed to wait. */
function wakeWorkflow(): () => void {
  const { client, info } = Context.current();
  const handle = client.workflow.getHandle(info.workflowExecution?.workflowId ?? '');
  // A run that has ended wants no step.
  return () => void handle.signal(wakeSignalName).catch(() => {});
}
