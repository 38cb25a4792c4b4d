/** A call that a program waits for alone: it is made in the worker that holds the program, which goes on without a step. */
import { defaultPayloadConverter } from '@temporalio/common';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnswerCall } from '../../../activities/mas/answer-call.ts';
import { createProgramSteps } from '../../../activities/mas/step-program.ts';
import { createMasClient } from '../../../clients/client.ts';
import type { CallDone, CallInput, ProgramStep, StepInput } from '../../../workflows/answer/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';

let parts: MasParts;
let connection: Connection;

beforeAll(async () => {
  parts = await masParts();
  connection = await Connection.connect({ address: temporal.address() });
});
afterAll(async () => {
  await connection?.close();
  await parts?.[Symbol.asyncDispose]();
});

const calls = 6;
const chain = `
text = taskInfo
for number in range(${calls}):
    text = self.llm.call_llm(f'{number} {text}')
with ThreadPoolExecutor(2) as pool:
    return text + ''.join(pool.map(lambda side: self.llm.call_llm(side), ['left', 'right']))
`;

it('is followed by no step of the workflow; calls side by side are', async () => {
  const taskQueue = freshTaskQueue();
  const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
  await using _workers = await startAnswerWorkers({ config, address: temporal.address() });
  parts.llm.behave(({ body: { model } }) =>
    model === 'fake-generator'
      ? { type: 'answer', text: `\`\`\`python\n${programOf(chain)}\`\`\`` }
      : { type: 'answer', text: 'ok' },
  );
  const mas = createMasClient(connection, { taskQueue });
  const handle = await mas.answer.start({ query: 'chain', driver: 'driver', generator: 'generator' });
  expect(await handle.result()).toMatchObject({ answeredBy: 'generated', answer: 'okokok' });

  const history = await new Client({ connection }).workflow.getHandle(handle.workflowId).fetchHistory();
  const events = history.events ?? [];
  const scheduled = events.flatMap(
    ({ activityTaskScheduledEventAttributes: attributes }) => attributes ?? [],
  );
  const calling = scheduled.filter(({ activityType }) => activityType?.name === 'chatCall');
  const inputs = calling.map(({ input }) =>
    defaultPayloadConverter.fromPayload<CallInput>(input?.payloads?.[0] ?? {}),
  );
  expect(inputs.map(({ goOn }) => goOn ?? false)).toEqual([
    ...Array<boolean>(calls).fill(true),
    false,
    false,
  ]);
  expect(calling.map(({ taskQueue: queue }) => queue?.name)).toEqual([
    ...Array<string>(calls).fill(taskQueue),
    `${taskQueue}-llm`,
    `${taskQueue}-llm`,
  ]);
  const results = events.flatMap(({ activityTaskCompletedEventAttributes: attributes }) =>
    attributes?.result?.payloads?.[0]
      ? [defaultPayloadConverter.fromPayload<CallDone | null>(attributes.result.payloads[0])]
      : [],
  );
  // The last one's step finds the two side by side.
  expect(results.filter((result) => result?.step)).toHaveLength(calls);
}, 180_000);

describe('the activity', () => {
  const never = new AbortController().signal;
  const options = { signal: never, namespace: 'default', attempt: 1, onLate: () => {} };

  async function inputOf(name: string): Promise<StepInput> {
    const { blobs, calls: service } = parts.services;
    return {
      run: `answer/${name}`,
      tenant: 'default',
      seed: 0,
      driver: 'driver',
      revision: (await service.identity('driver')).revision,
      query: { id: name.padEnd(32, '0'), sha256: await blobs.put(name) },
      program: { id: 'test', sha256: await blobs.put(programOf(chain)) },
      limits: limitsSchema.parse({}),
      handed: [],
    };
  }
  const seqs = (step: ProgramStep | undefined): number[] =>
    step && 'calls' in step ? step.calls.map(({ seq }) => seq) : [];

  it('goes on only where the program lives; elsewhere the next step finds the reply', async () => {
    await using here = createProgramSteps(parts.services);
    await using elsewhere = createProgramSteps(parts.services);
    const input = await inputOf('lives');
    const first = await here.step(input, () => {});
    const { execution } = first;
    expect(seqs(first)).toEqual([0]);
    const callElsewhere = createAnswerCall({ ...parts.services, programs: elsewhere });
    const done = await callElsewhere({ execution, seq: 0, goOn: true }, options);
    expect(done.step).toBeUndefined();
    expect(seqs(await here.step({ ...input, answered: [0] }, () => {}))).toEqual([1]);
  });

  it('says the same again when its first word was lost', async () => {
    await using steps = createProgramSteps(parts.services);
    const { execution } = await steps.step(await inputOf('again'), () => {});
    const call = createAnswerCall({ ...parts.services, programs: steps });
    const requests = parts.llm.requests.length;
    const first = await call({ execution, seq: 0, goOn: true }, options);
    expect(first.step).toMatchObject({ state: 'waiting', delivered: [0] });
    expect(seqs(first.step)).toEqual([1]);
    const second = await call({ execution, seq: 0, goOn: true }, { ...options, attempt: 2 });
    expect(second).toEqual(first);
    expect(parts.llm.requests).toHaveLength(requests + 1);
  });
});
