/** Bulk mode: programs run to their end with a journal, resume without repeating calls, and fail as data. */
import { failure } from '../../../activities/failure.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createProgramRunner,
  type ExecutionSpec,
  type ProgramRunner,
} from '../../../activities/mas/run-program.ts';
import type { Sandbox, Session, SessionEvent } from '../../../activities/sandbox/sandbox.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { type MasParts, masParts } from '../../support/mas-parts.ts';

let parts: MasParts;
let runner: ProgramRunner;
const never = new AbortController().signal;

beforeAll(async () => {
  parts = await masParts();
  runner = createProgramRunner(parts.services);
});
afterAll(() => parts?.[Symbol.asyncDispose]());

const run = (spec: ExecutionSpec) => runner.run(spec, never);
const limits = (given: object) => ({ limits: limitsSchema.parse(given) });

/** Five threads that ask the same, then one call that decides. */
const ensemble = `
with ThreadPoolExecutor(5) as pool:
    votes = list(pool.map(lambda _: self.llm.call_llm(taskInfo, temperature=0.7), range(5)))
return self.llm.call_llm('Decide:' + '|'.join(votes), temperature=0.1)
`;

async function* brokenAfter(events: Session['events'], count: number): AsyncIterable<SessionEvent> {
  let seen = 0;
  for await (const event of events) {
    if ((seen += 1) > count) throw failure('Sandbox.Unavailable', 'the zygote died');
    yield event;
  }
}

describe('an execution', () => {
  it('answers, counts its calls, draws five different samples, and is stored', async () => {
    parts.llm.requests.length = 0;
    const spec = parts.spec(ensemble);
    const first = await run(spec);
    expect(first).toMatchObject({
      status: 'answered',
      failure: null,
      stored: false,
      divergences: 0,
      usage: { llmCalls: 6, tokensIn: 60, tokensOut: 30 },
    });
    expect(new Set(parts.llm.requests.map(({ body }) => body.seed)).size).toBe(6);
    const again = await run(spec);
    expect(again).toEqual({ ...first, stored: true });
    expect(parts.llm.requests).toHaveLength(6);
    // Another name of the run, and a runner with nothing in memory: the same draws, hence the same answer, at no call.
    const elsewhere = { ...spec, run: 'evaluation/other', limits: { ...spec.limits, maxCalls: 100 } };
    const repeated = await createProgramRunner(parts.services).run(elsewhere, never);
    expect(repeated).toMatchObject({ answer: first.answer, stored: false });
    expect(parts.llm.requests).toHaveLength(6);
  });

  it('runs code under test apart, and keeps the verdicts in the journal', async () => {
    const spec = parts.spec(`
passed, feedback = test_code_get_feedback('def f(x):\\n    return x + 1', ['assert f(1) == 2', 'assert f(1) == 3'])
return execute_code('output = 6 * 7') + str(passed) + feedback
`);
    const execution = await run(spec);
    expect(execution.answer).toContain('42');
    expect(execution.answer).toContain('False');
    expect(execution).toMatchObject({ codeRuns: 2, usage: { llmCalls: 0 } });
  });

  it.each([
    ['callLimit', 'for i in range(9):\n    self.llm.call_llm(str(i))\nreturn ""', { maxCalls: 4 }],
    ['codeLimit', 'for i in range(9):\n    execute_code(f"output = {i}")\nreturn ""', { maxCodeRuns: 2 }],
    [
      'tokenLimit',
      'with ThreadPoolExecutor(9) as pool:\n    pool.map(lambda n: self.llm.call_llm(str(n)), range(999))\nreturn ""',
      { maxTokens: 2_300, maxCalls: 1_000 },
    ],
    ['computeLimit', 'while True: pass', { computeMs: 300 }],
    ['raised', 'raise ValueError("no\\0pe")', {}],
    ['noAnswer', 'return None', {}],
  ] as const)('fails as data: %s', async (kind, body, given) => {
    const execution = await run(parts.spec(body, limits(given)));
    expect(execution).toMatchObject({ status: 'failed', answer: '', failure: { kind } });
  });

  it('ends with its total time, but not while the model is out', async () => {
    const spec = parts.spec('return self.llm.call_llm("slow")', limits({ totalMs: 1_500 }));
    parts.llm.behave({ type: 'hang' });
    expect(await run(spec)).toMatchObject({ status: 'failed', failure: { kind: 'totalLimit' } });
    parts.llm.behave({ type: 'status', status: 503 });
    await expect(run({ ...spec, repeat: 1 })).rejects.toMatchObject({ type: 'Llm.Unavailable' });
    parts.llm.behave({ type: 'answer' });
  });

  it("retries what may pass, and throws what is the provider's refusal", async () => {
    const spec = parts.spec('return self.llm.call_llm("flaky")');
    let failures = 0;
    parts.llm.behave(() => ((failures += 1) <= 2 ? { type: 'status', status: 500 } : { type: 'answer' }));
    expect(await run(spec)).toMatchObject({ status: 'answered', usage: { llmCalls: 1 } });
    parts.llm.behave({ type: 'status', status: 401 });
    await expect(run({ ...spec, repeat: 1 })).rejects.toMatchObject({ type: 'Llm.Unauthorized' });
    parts.llm.behave({ type: 'answer' });
    expect(await run({ ...spec, repeat: 1 })).toMatchObject({ status: 'answered', losses: 0 });
    await expect(run({ ...spec, driver: 'nobody' })).rejects.toMatchObject({ type: 'Llm.UnknownModel' });
  });

  it('runs as many calls at once as its limits allow', async () => {
    const wide = `
with ThreadPoolExecutor(12) as pool:
    return '|'.join(pool.map(lambda n: self.llm.call_llm(f'wide {n}'), range(12)))
`;
    parts.llm.behave({ type: 'answer', delayMs: 60 });
    const spec = parts.spec(wide, limits({ maxConcurrentCalls: 3 }));
    const before = parts.llm.requests.length;
    const execution = await run(spec);
    parts.llm.behave({ type: 'answer' });
    expect(execution.status).toBe('answered');
    expect(parts.llm.requests.length - before).toBe(12);
    const starts = parts.llm.requests.slice(before).map(({ atMs }) => atMs);
    // Four waves of three: the first of each wave starts after one of the wave before has ended.
    expect(starts.at(-1)! - starts[0]!).toBeGreaterThanOrEqual(3 * 55);
  });
});

describe('an interrupted execution', () => {
  it.each([0, 1, 2, 4])('goes on after %i answered calls, and repeats none', async (answered) => {
    const body = `
log = []
for i in range(3):
    with ThreadPoolExecutor(2) as pool:
        log += pool.map(lambda n: self.llm.call_llm('same', temperature=0.5), range(2))
return '|'.join(log) + str(random.random())
`;
    const spec = parts.spec(body, { repeat: answered });
    const expected = await run({ ...spec, limits: { ...spec.limits, maxCalls: 150 } });
    await parts.database.deleteFrom('llm_calls').execute();

    const before = parts.llm.requests.length;
    const stop = new AbortController();
    let seen = 0;
    parts.llm.behave(() => {
      seen += 1;
      if (seen > answered) {
        // What was answered before is recorded by then.
        setTimeout(() => stop.abort(new Error('the worker is going')), 200);
        return { type: 'hang' };
      }
      return { type: 'answer' };
    });
    await expect(runner.run(spec, stop.signal)).rejects.toThrow('the worker is going');
    parts.llm.behave({ type: 'answer' });
    const resumed = await run(spec);
    expect(resumed).toMatchObject({
      answer: expected.answer,
      divergences: 0,
      losses: 0,
      usage: { llmCalls: 6 },
    });
    const seeds = parts.llm.requests.slice(before + answered).map(({ body: { seed } }) => seed);
    const finished = parts.llm.requests.slice(before, before + answered).map(({ body: { seed } }) => seed);
    expect(seeds.filter((seed) => finished.includes(seed))).toEqual([]);
  });

  it('counts an attempt that was lost, and refuses what that attempt still writes', async () => {
    const spec = parts.spec('return self.llm.call_llm("a") + self.llm.call_llm("b")');
    parts.llm.behave((request) =>
      request.body.messages[0]?.content === 'b' ? { type: 'answer', delayMs: 700 } : { type: 'answer' },
    );
    const lost = runner.run(spec, never);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const taken = await createProgramRunner(parts.services).run(spec, never);
    parts.llm.behave({ type: 'answer' });
    expect(taken).toMatchObject({ status: 'answered', losses: 1, stored: false });
    // The lost attempt finds its token stale and returns the other's result.
    expect(await lost).toMatchObject({ answer: taken.answer, stored: true });
  });

  it('does not count the time in which nobody ran it, a night without a worker for instance', async () => {
    const spec = parts.spec('return self.llm.call_llm("before") + self.llm.call_llm("after")');
    const key = await runner.key(spec);
    const untilTheLidIsClosed = async (): Promise<void> => {
      const lid = new AbortController();
      parts.llm.behave(({ body: { messages } }) => {
        if (messages[0]?.content === 'before') return { type: 'answer' };
        setTimeout(() => lid.abort(new Error('closed')), 200);
        return { type: 'hang' };
      });
      await expect(runner.run(spec, lid.signal)).rejects.toThrow('closed');
      parts.llm.behave({ type: 'answer' });
    };
    const nightPasses = async (ended: 'released' | 'killed'): Promise<void> => {
      const earlier = (column: 'started_at' | 'ended_at') =>
        sql<Date>`${sql.ref(column)} - interval '9 hours'`;
      const times = { started_at: earlier('started_at'), ended_at: earlier('ended_at') };
      const row = { ...times, ...(ended === 'killed' ? { ended_at: null } : {}) };
      await parts.database.updateTable('executions').set(row).where('key', '=', key).execute();
      await parts.database.updateTable('journal').set(times).where('execution', '=', key).execute();
    };
    await untilTheLidIsClosed();
    await nightPasses('released');
    await untilTheLidIsClosed();
    await nightPasses('killed');
    const resumed = await run(spec);
    expect(resumed).toMatchObject({ status: 'answered', usage: { llmCalls: 2 } });
    expect(resumed.wallMs).toBeLessThan(spec.limits.totalMs);
  });

  it('goes on in a new sandbox when the one under it breaks', async () => {
    const spec = parts.spec('return self.llm.call_llm("one") + self.llm.call_llm("two")');
    const before = parts.llm.requests.length;
    let breaks = 1;
    const sandbox = async (): Promise<Sandbox> => {
      const whole = await parts.services.sandbox();
      const open: Sandbox['open'] = async (start, signal) => {
        const session = await whole.open(start, signal);
        return breaks-- > 0 ? { ...session, events: brokenAfter(session.events, 3) } : session;
      };
      return { ...whole, open };
    };
    const result = await createProgramRunner({ ...parts.services, sandbox }).run(spec, never);
    expect(result).toMatchObject({ status: 'answered', losses: 0, usage: { llmCalls: 2 } });
    expect(parts.llm.requests.length - before).toBe(2);
  });

  it('goes another way where the program does, and counts that once per line', async () => {
    const spec = parts.spec(`
def ask(n): return self.llm.call_llm(f'way {n}') + self.llm.call_llm(f'on {n}')
with ThreadPoolExecutor(2) as pool:
    return '|'.join(pool.map(ask, range(2)))
`);
    const first = await run(spec);
    const key = await runner.key(spec);
    // As if line 0.1 had asked something else.
    await parts.database
      .updateTable('journal')
      .set({ hash: sql<string>`'other-' || hash` })
      .where('execution', '=', key)
      .where('lineage', '=', '0.1')
      .execute();
    await parts.database.deleteFrom('llm_calls').execute();
    await parts.database
      .updateTable('executions')
      .set({ status: 'infraFailed' })
      .where('key', '=', key)
      .execute();
    const before = parts.llm.requests.length;
    expect(await run(spec)).toMatchObject({ status: 'answered', answer: first.answer, divergences: 1 });
    expect(parts.llm.requests.length - before).toBe(2);
    expect(await run(spec)).toMatchObject({ stored: true, divergences: 1 });
  });

  it('answers a moved call from the record and counts the divergence', async () => {
    const spec = parts.spec(`
def ask(): return self.llm.call_llm('moved')
if str(taskInfo).startswith('x'): pass
with ThreadPoolExecutor(1) as pool:
    return pool.submit(ask).result()
`);
    const first = await run(spec);
    const key = await runner.key(spec);
    await parts.database
      .updateTable('journal')
      .set({ lineage: '0.77' })
      .where('execution', '=', key)
      .execute();
    await parts.database
      .updateTable('executions')
      .set({ status: 'infraFailed' })
      .where('key', '=', key)
      .execute();
    const before = parts.llm.requests.length;
    expect(await run(spec)).toMatchObject({ answer: first.answer, divergences: 1 });
    expect(parts.llm.requests).toHaveLength(before);
  });
});
