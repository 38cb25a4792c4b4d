/** A run goes on with the guest it began with, in both modes; where that cannot be had, with the worker's own, counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnswerCall } from '../../../activities/mas/answer-call.ts';
import { createProgramRunner, type ExecutionSpec } from '../../../activities/mas/run-program.ts';
import { createProgramSteps, type ProgramSteps } from '../../../activities/mas/step-program.ts';
import type { Sandbox } from '../../../activities/sandbox/sandbox.ts';
import type { ProgramStep, StepInput } from '../../../workflows/answer/contract.ts';
import { type MasParts, masParts } from '../../support/mas-parts.ts';
import { olderGuest } from '../../support/older-guest.ts';

let parts: MasParts;
const never = new AbortController().signal;

beforeAll(async () => {
  parts = await masParts();
});
afterAll(() => parts?.[Symbol.asyncDispose]());

/** The numbers differ between the guests, and with them the second call. */
const body = `
first = self.llm.call_llm('first')
return first + self.llm.call_llm(f'second {random.random()}')
`;

/** The parts of a worker of the release that has this guest. */
function releaseWith(guest: string) {
  const sandbox = async (): Promise<Sandbox> => ({ ...(await parts.services.sandbox()), guest });
  return { ...parts.services, sandbox };
}

const present = async (): Promise<string> => (await parts.services.sandbox()).guest;

const guestOf = async (key: string): Promise<string | undefined> =>
  (await parts.database.selectFrom('executions').select('guest').where('key', '=', key).executeTakeFirst())
    ?.guest;

describe('bulk mode', () => {
  /** Runs it with the older release until its second call, and leaves it there. */
  async function leave(spec: ExecutionSpec, guest: string): Promise<void> {
    const stop = new AbortController();
    parts.llm.behave(({ body: { messages } }) => {
      if (!messages[0]?.content.startsWith('second')) return { type: 'answer' };
      setTimeout(() => stop.abort(new Error('the worker is going')), 100);
      return { type: 'hang' };
    });
    const runner = createProgramRunner(releaseWith(guest));
    await expect(runner.run(spec, stop.signal)).rejects.toThrow('the worker is going');
    parts.llm.behave({ type: 'answer' });
  }

  it('goes on with the older guest, as if nothing had happened', async () => {
    const { sha256: older } = await olderGuest(parts.services.blobs);
    const spec = parts.spec(body);
    const undisturbed = await createProgramRunner(releaseWith(older)).run(
      { ...spec, repeat: 0, run: 'evaluation/a' },
      never,
    );
    await parts.database.deleteFrom('executions').execute();
    await parts.database.deleteFrom('llm_calls').execute();

    await leave(spec, older);
    const before = parts.llm.requests.length;
    const runner = createProgramRunner(parts.services);
    const resumed = await runner.run(spec, never);
    expect(resumed).toMatchObject({ answer: undisturbed.answer, divergences: 0, guestChanges: 0 });
    expect(parts.llm.requests.length - before).toBe(1);
    const key = await runner.key(spec);
    expect(await guestOf(key)).toBe(older);
    expect(older).not.toBe(await present());
    // A program that begins now has this release's guest, and draws other numbers.
    const fresh = await runner.run({ ...spec, limits: { ...spec.limits, maxCalls: 99 } }, never);
    expect(fresh.answer).not.toBe(resumed.answer);
  });

  it('goes on with its own guest where the older one is gone, and counts it', async () => {
    const { sha256: older } = await olderGuest(parts.services.blobs);
    const { sha256: gone } = await olderGuest(null, ['texts.py', '"""', '"""Gone. ']);
    const spec = parts.spec(body, { repeat: 1 });
    await leave(spec, older);
    const runner = createProgramRunner(parts.services);
    const key = await runner.key(spec);
    await parts.database.updateTable('executions').set({ guest: gone }).where('key', '=', key).execute();
    expect(await runner.run(spec, never)).toMatchObject({ status: 'answered', guestChanges: 1 });
    expect(await guestOf(key)).toBe(await present());
    expect(await runner.run(spec, never)).toMatchObject({ guestChanges: 1, stored: true });
  });
});

describe('durable mode', () => {
  async function inputOf(name: string): Promise<StepInput> {
    const { program, query, limits } = parts.spec(body);
    const { blobs, calls } = parts.services;
    return {
      run: `answer/${name}`,
      tenant: 'default',
      seed: 0,
      driver: 'driver',
      revision: (await calls.identity('driver')).revision,
      query: { id: query.id, sha256: await blobs.put(query.text) },
      program: { id: 'test', sha256: await blobs.put(program.source) },
      limits,
      handed: [],
    };
  }

  /** Steps, and answers what it asks for, until it has ended or `calls` calls are answered. */
  async function drive(steps: ProgramSteps, input: StepInput, calls = Infinity): Promise<ProgramStep> {
    const call = createAnswerCall({ ...parts.services, database: parts.database, programs: steps });
    for (let answered = 0; ;) {
      const step = await steps.step(input, () => {});
      if (!('calls' in step) || answered >= calls) return step;
      for (const { seq } of step.calls)
        await call(
          { execution: step.execution, seq },
          { signal: never, attempt: 1, namespace: 'default', onLate: () => {} },
        );
      answered += step.calls.length;
      if (step.calls.length === 0) await sleep(20);
    }
  }

  const answerOf = async ({ execution }: ProgramStep): Promise<string | null | undefined> =>
    (
      await parts.database
        .selectFrom('executions')
        .select('answer')
        .where('key', '=', execution)
        .executeTakeFirst()
    )?.answer;

  it('goes on with the older guest when its session is lost', async () => {
    const { sha256: older } = await olderGuest(parts.services.blobs);
    const input = await inputOf('older');
    await using undisturbed = createProgramSteps(releaseWith(older));
    const expected = await answerOf(await drive(undisturbed, await inputOf('undisturbed')));

    const before = createProgramSteps(releaseWith(older));
    expect(await drive(before, input, 1)).toMatchObject({ state: 'waiting' });
    await before[Symbol.asyncDispose]();
    await using after = createProgramSteps(parts.services);
    const ended = await drive(after, input);
    expect(ended).toMatchObject({ state: 'answered' });
    expect(await answerOf(ended)).toBe(expected);
    expect(await guestOf(ended.execution)).toBe(older);
    // A program that begins now has this release's guest, and draws other numbers.
    expect(await answerOf(await drive(after, await inputOf('fresh')))).not.toBe(expected);
  });

  it('counts the change where the older guest is gone', async () => {
    const { sha256: gone } = await olderGuest(null, ['texts.py', '"""', '"""Gone. ']);
    const input = await inputOf('gone');
    const before = createProgramSteps(parts.services);
    const { execution } = await drive(before, input, 1);
    await before[Symbol.asyncDispose]();
    await parts.database
      .updateTable('executions')
      .set({ guest: gone })
      .where('key', '=', execution)
      .execute();
    await using after = createProgramSteps(parts.services);
    expect(await drive(after, input)).toMatchObject({ state: 'answered' });
    const row = await parts.database
      .selectFrom('executions')
      .select('guest_changes')
      .where('key', '=', execution)
      .executeTakeFirst();
    expect(row).toEqual({ guest_changes: 1 });
  });
});
