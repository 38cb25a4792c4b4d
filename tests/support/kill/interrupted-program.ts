/** One program, in both modes and without Temporal, on real parts: what the kill tests interrupt and resume. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { createCallService } from '../../../activities/llm/call-service.ts';
import { createOpenAiChat } from '../../../activities/llm/openai-chat.ts';
import { createAnswerCall } from '../../../activities/mas/answer-call.ts';
import { createExecutions, type Execution } from '../../../activities/mas/executions.ts';
import { retrying } from '../../../activities/mas/retry.ts';
import { createProgramRunner, type ExecutionSpec } from '../../../activities/mas/run-program.ts';
import { createProgramSteps } from '../../../activities/mas/step-program.ts';
import { createModels } from '../../../workers/config/models.ts';
import { configSchema } from '../../../workers/config/schema.ts';
import { openServices } from '../../../workers/open-services.ts';
import type { Services } from '../../../workers/services.ts';
import type { ProgramStep } from '../../../workflows/answer/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';

export type Mode = 'bulk' | 'durable';

export interface Store {
  readonly databaseUrl: string;
  readonly home: string;
}

export interface InterruptedProgram {
  /** Of the model. */
  readonly baseUrl: string;
  readonly mode: Mode;
  /** Keeps the journals and the recorded calls of equal runs apart. */
  readonly tenant: string;
}

/** Three threads with a call and code under test each, then two calls in sequence, randomness, and the clock. */
const source = `
from utils import *
import uuid

class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def ask(self, number):
        part = self.llm.call_llm(f'part {number}', temperature=0.7)
        return part + execute_code(f'output = {number} * 7').split()[2] + str(random.random())

    def forward(self, taskInfo):
        with ThreadPoolExecutor(3) as pool:
            parts = list(pool.map(self.ask, range(3)))
        plan = self.llm.call_llm('plan ' + '|'.join(parts))
        return plan + self.llm.call_llm('decide ' + plan) + str(uuid.uuid4()) + str(random.random())
`;

/** LLM calls of the program, and its executions of code. */
export const programCalls = { llm: 5, code: 3 };

/** Short leases: what a dead process held comes free soon, and the tests need not wait for it. */
const leaseMs = 1_000;

export async function openStore({ databaseUrl, home }: Store): Promise<Services> {
  return await openServices(configSchema.parse({ home, databaseUrl }), { env: {}, log: () => {} });
}

/** To its end. Its calls go to BASE_URL/TENANT. */
export async function runInterrupted(services: Services, program: InterruptedProgram): Promise<Execution> {
  const { baseUrl, tenant, mode } = program;
  const driver = { baseUrl: `${baseUrl}/${tenant}`, model: 'fake', timeoutMs: 30_000 };
  const config = configSchema.parse({ home: services.config.home, models: { driver } });
  await using calls = createCallService({
    database: services.database,
    models: createModels({ config, env: {} }),
    send: createOpenAiChat(),
    leaseMs,
  });
  const parts = { ...services, calls };
  return mode === 'bulk' ? await runBulk(parts, specOf(program)) : await runDurable(parts, specOf(program));
}

const never = new AbortController().signal;

async function runBulk(parts: Services, spec: ExecutionSpec): Promise<Execution> {
  return await createProgramRunner(parts).run(spec, never);
}

/** In the workflow's place: a step, an activity per call, and a step again when any of them has ended. */
async function runDurable(parts: Services, spec: ExecutionSpec): Promise<Execution> {
  await using steps = createProgramSteps(parts);
  const call = createAnswerCall({ ...parts, programs: steps });
  const { run, tenant, namespace, limits, driver } = spec;
  const input = {
    ...{ run, tenant, namespace, limits, driver, seed: spec.runSeed },
    revision: (await parts.calls.identity(driver)).revision,
    query: { id: spec.query.id, sha256: await parts.blobs.put(spec.query.text) },
    program: { id: 'test', sha256: await parts.blobs.put(spec.program.source) },
  };
  const outstanding = new Map<number, Promise<unknown>>();
  const performed = new Set<number>();
  let gone: ProgramStep | undefined;
  for (;;) {
    const handed = [...outstanding.keys()];
    const step =
      gone ?? (await retrying(() => steps.step({ ...input, handed }, () => {}), { signal: never }));
    gone = undefined;
    if (!('calls' in step)) {
      const ended = await createExecutions(parts.database).find(step.execution);
      if (!ended) throw new Error('the execution has no result');
      return ended;
    }
    const calls = step.calls.filter(({ seq }) => !performed.has(seq));
    const isOnly = calls.length === 1 && outstanding.size === 0 && step.state === 'waiting';
    for (const { seq } of calls) {
      performed.add(seq);
      const input = { execution: step.execution, seq, ...(isOnly ? { goOn: true as const } : {}) };
      const options = { signal: never, attempt: 1, namespace, onLate: () => {} };
      const answered = retrying(() => call(input, options), { signal: never }).then((done) => {
        gone = done.step;
        outstanding.delete(seq);
      });
      outstanding.set(seq, answered);
    }
    if (step.state === 'waiting') await Promise.race([...outstanding.values(), sleep(500)]);
  }
}

function specOf({ tenant, mode }: InterruptedProgram): ExecutionSpec {
  return {
    tenant,
    namespace: 'default',
    run: mode === 'bulk' ? 'evaluation/killed' : 'answer/killed',
    query: { id: '0'.repeat(32), text: 'What is 6 times 7?' },
    program: { id: 'test', sha256: createHash('sha256').update(source).digest('hex'), source },
    driver: 'driver',
    repeat: 0,
    runSeed: 0,
    limits: limitsSchema.parse({}),
    callClass: 'evaluation',
    commonRandomNumbers: false,
  };
}
