/** The bulk activity's policy, on a real database: what runs together, what alone, what is given up, and what ends a batch. */
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '../../../activities/failure.ts';
import { createSteerRun } from '../../../activities/mas/steering.ts';
import { executionKey } from '../../../activities/mas/execution-key.ts';
import { createPlanReader } from '../../../activities/mas/plan-reader.ts';
import { createRunExecutions } from '../../../activities/mas/run-executions.ts';
import type { ExecutionSpec, ProgramRunner } from '../../../activities/mas/run-program.ts';
import type { BatchInput, Plan } from '../../../workflows/matrix/contract.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { noUsage } from '../../../workflows/shared/usage.ts';
import { type EvaluationParts, evaluationParts } from '../../support/evaluation-parts.ts';

const queries = 12;
let parts: EvaluationParts;
let batch: BatchInput;
let plan: Plan;

beforeAll(async () => {
  parts = await evaluationParts();
  const { blobs } = parts.services;
  const program = { id: 'test', sha256: await blobs.put('class MAS: ...') };
  plan = {
    v: 1,
    queries: await parts.additions(queries),
    queryCount: queries,
    systems: [{ kind: 'program', id: 'test', program }],
    drivers: ['driver'],
    revisions: {},
    repeats: 1,
    seed: 0,
    tenant: 'default',
    limits: limitsSchema.parse({}),
    commonRandomNumbers: false,
  };
  const sha256 = await blobs.put(JSON.stringify(plan));
  batch = { plan: sha256, from: 0, to: queries, run: 'evaluation/test', priority: 3 };
});
afterAll(() => parts?.[Symbol.asyncDispose]());
beforeEach(() => parts.database.deleteFrom('executions').execute());

/** Runs the batch with a stand-in for programs; `ran` has the queries' numbers, with how many ran at that moment. */
async function execute(work: (number: number, signal: AbortSignal) => Promise<void>, input = batch) {
  const ran: { number: number; together: number }[] = [];
  const givenUp: number[] = [];
  let together = 0;
  const runner: Pick<ProgramRunner, 'run' | 'markInfraFailed'> = {
    async run(spec, signal) {
      together += 1;
      const number = numberOf(spec);
      try {
        await new Promise((resolve) => setTimeout(resolve, 5));
        ran.push({ number, together });
        signal.throwIfAborted();
        await work(number, signal);
        await store(spec, { status: 'answered', ended_at: new Date() });
      } finally {
        together -= 1;
      }
      const none = { answer: '', failure: null, usage: noUsage, codeRuns: 0, wallMs: 0 };
      return {
        ...none,
        key: '',
        status: 'answered',
        losses: 0,
        divergences: 0,
        guestChanges: 0,
        simulated: false,
        stored: false,
      };
    },
    async markInfraFailed(spec, message) {
      givenUp.push(numberOf(spec));
      await store(spec, { status: 'infraFailed', failure_message: message, ended_at: new Date() });
    },
  };
  const { database } = parts;
  const { blobs, calls } = parts.services;
  const generator = { generate: () => Promise.reject(new Error('no generator here')) };
  const activity = createRunExecutions({
    ...{ database, blobs, calls, runner, generator, executionsAtOnce: 4 },
    plans: createPlanReader(blobs),
  });
  const cancelling = new AbortController();
  const info = { workflowNamespace: 'default', scheduledTimestampMs: Date.now() - 1 };
  const context = { info, cancellationSignal: cancelling.signal, heartbeat: () => {} };
  const result = asyncLocalStorage.run(context as unknown as Context, () => activity(input));
  const cancel = () => cancelling.abort(new CancelledFailure('CANCELLED'));
  return { result, ran, givenUp, cancel };
}

function numberOf({ query }: ExecutionSpec): number {
  return Number(/What is (\d+)/.exec(query.text)?.[1]);
}

interface Row {
  readonly status: 'running' | 'answered' | 'infraFailed';
  readonly losses?: number;
  readonly ended_at?: Date | null;
  readonly failure_message?: string;
}

async function store(spec: ExecutionSpec, row: Row): Promise<void> {
  const { revision } = await parts.services.calls.identity(spec.driver);
  await parts.database
    .insertInto('executions')
    .values({
      key: executionKey(spec, revision),
      tenant: 'default',
      run: 'evaluation/test',
      query_id: spec.query.id,
      program_sha256: spec.program.sha256,
      driver: spec.driver,
      repeat: 0,
      seed: '',
      guest: '',
      ...row,
    })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
    .execute();
}

/** As an attempt that was lost leaves it. */
async function lose(number: number, row: Row): Promise<void> {
  const line = (await parts.services.blobs.getText(plan.queries)).split('\n')[number] ?? '';
  const [system] = plan.systems;
  if (system?.kind !== 'program') throw new Error('no program');
  const spec = { ...plan, runSeed: plan.seed, query: JSON.parse(line), program: system.program };
  await store({ ...spec, driver: 'driver', repeat: 0 } as unknown as ExecutionSpec, row);
}

describe('runExecutions', () => {
  it('runs many at once, and what is stored not again', async () => {
    const first = await execute(async () => {}, { ...batch, to: 8 });
    expect(await first.result).toMatchObject({ answered: 8 });
    expect(Math.max(...first.ran.map(({ together }) => together))).toBe(4);
    const second = await execute(async () => {});
    expect(await second.result).toMatchObject({ answered: 12, failed: 0, infraFailed: 0 });
    expect(second.ran.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual([8, 9, 10, 11]);
  });

  it('runs alone, and last, what was in flight in two lost attempts', async () => {
    await lose(2, { status: 'running', losses: 1 });
    await lose(5, { status: 'running', losses: 3 });
    await lose(7, { status: 'running', losses: 1, ended_at: new Date() });
    const { result, ran } = await execute(async () => {});
    expect(await result).toMatchObject({ answered: 12 });
    expect(ran.slice(-2)).toEqual([
      { number: 2, together: 1 },
      { number: 5, together: 1 },
    ]);
  });

  it('gives up after three losses alone, until the next start of the run', async () => {
    await lose(4, { status: 'running', losses: 4 });
    const first = await execute(async () => {});
    expect(await first.result).toMatchObject({ answered: 11, infraFailed: 1 });
    expect(first.givenUp).toEqual([4]);
    // The next start claims its name later than what it finds.
    await lose(4, { status: 'infraFailed', losses: 5, ended_at: new Date(Date.now() - 60_000) });
    const second = await execute(async () => {});
    expect(await second.result).toMatchObject({ answered: 12, infraFailed: 0 });
    expect(second.ran).toEqual([{ number: 4, together: 1 }]);
  });

  it('leaves the rest to a later start once the budget is spent', async () => {
    const { result, ran } = await execute(async (number) => {
      if (number >= 4) throw failure('Budget.Exceeded', 'spent');
    });
    const counts = await result;
    expect(counts).toMatchObject({ answered: 4, failed: 0, budgetSkipped: 8 });
    expect(ran.length).toBeLessThanOrEqual(8);
  });

  it('fails with an outage, after those in flight have been told to stop', async () => {
    let stopped = 0;
    const { result, ran } = await execute(async (number, signal) => {
      if (number === 3) throw failure('Llm.Unavailable', 'the model is gone');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      stopped += 1;
      throw signal.reason;
    });
    await expect(result).rejects.toMatchObject({ type: 'Llm.Unavailable', nonRetryable: false });
    expect({ stopped, ran: ran.length }).toEqual({ stopped: 3, ran: 4 });
  });

  it('gives up one request that a model refuses, unless it refuses the first', async () => {
    const refuse = async (refused: number, number: number): Promise<void> => {
      if (number === refused) throw failure('Llm.BadRequest', 'refused by a filter');
    };
    const early = await execute((number) => refuse(0, number), { ...batch, to: 1 });
    await expect(early.result).rejects.toMatchObject({ type: 'Llm.BadRequest' });
    const late = await execute((number) => refuse(11, number));
    expect(await late.result).toMatchObject({ answered: 11, infraFailed: 1 });
  });

  it('refuses a model that is no longer what the plan pinned', async () => {
    const pinned = { ...plan, revisions: { driver: 'another' } };
    const sha256 = await parts.services.blobs.put(JSON.stringify(pinned));
    const { result } = await execute(async () => {}, { ...batch, plan: sha256 });
    await expect(result).rejects.toMatchObject({ type: 'Input.Invalid', message: /another/ });
  });

  it('begins nothing while the run is held, and as many at once as it is tuned to', async () => {
    const steerRun = createSteerRun(parts);
    const steered = { ...batch, steering: 'first-run-id' };
    await steerRun({ steering: 'first-run-id', version: 2, held: true });
    // A late one changes nothing.
    await steerRun({ steering: 'first-run-id', version: 1, held: false });
    const held = await execute(async () => {}, steered);
    expect(await held.result).toMatchObject({ answered: 0, heldBack: 12 });
    expect(held.ran).toEqual([]);

    await steerRun({ steering: 'first-run-id', version: 3, held: false, executionsAtOnce: 1 });
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const tuned = await execute(() => released, steered);
    await expect.poll(() => tuned.ran.length, { timeout: 30_000 }).toBe(1);
    await steerRun({ steering: 'first-run-id', version: 4, held: false, executionsAtOnce: 9 });
    await expect.poll(() => tuned.ran.length, { timeout: 30_000 }).toBe(9);
    release();
    expect(await tuned.result).toMatchObject({ answered: 12, heldBack: 0 });
    expect(Math.max(...tuned.ran.map(({ together }) => together))).toBe(9);
  });

  it('stops when it is cancelled', async () => {
    const { result, cancel } = await execute(async (_number, signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      throw signal.reason;
    });
    setTimeout(cancel, 50);
    await expect(result).rejects.toThrow(/CANCELLED/);
  });
});
