/** evaluateBenchmarks on real parts but for the model: what it measures, what it pays twice (nothing), and how it stops. */
import type { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationRequest } from '../../../workflows/evaluation/contract.ts';
import { reportDataSchema } from '../../../workflows/evaluation/report-data.ts';
import type { Behaviour } from '../../support/fake-openai.ts';
import {
  adding,
  type EvaluationParts,
  evaluationParts,
  numberIn,
  startEvaluationWorkers,
} from '../../support/evaluation-parts.ts';
import { historyOf } from '../../support/history.ts';
import { recordHistory } from '../../support/record-history.ts';
import { programOf } from '../../support/mas-parts.ts';
import { descendants, idleDescendants, leftovers, nothingLeft } from '../../support/leftovers.ts';

describe.each([
  ['cached', {}],
  ['replayed at every step', { maxCachedWorkflows: 0 }],
])('%s', (_mode, options) => {
  let parts: EvaluationParts;
  let workers: AsyncDisposable;
  let sha256: string;
  beforeAll(async () => {
    parts = await evaluationParts();
    workers = await startEvaluationWorkers(parts, options);
    sha256 = await parts.additions(30);
  });
  afterAll(async () => {
    await workers?.[Symbol.asyncDispose]();
    await parts?.[Symbol.asyncDispose]();
  });

  const evaluate = async (input: Partial<EvaluationRequest>, name?: string) => {
    const before = parts.llm.requests.length;
    const request = { benchmarks: [{ name: 'gsm8k', sha256 }], drivers: ['driver'], ...input };
    const handle = await parts.client.evaluation.start(request, name === undefined ? {} : { name });
    const result = await handle.result();
    return { handle, result, requests: parts.llm.requests.length - before };
  };
  const reportOf = async (files: Readonly<Record<string, string>>) =>
    reportDataSchema.parse(JSON.parse(await parts.services.blobs.getText(files['report.json'] ?? '')));

  it('scores every system on every item, and asks the model only for what is new', async () => {
    parts.llm.behave(adding((number) => number % 5 === 0));
    const first = await evaluate({ systems: ['single', 'sc'] });
    expect(first.requests).toBe(30 * (1 + 5));
    const row = { benchmark: 'gsm8k', driver: 'driver', n: 30, correct: 24, failed: 0, accuracy: 0.8 };
    expect(first.result.results).toEqual([
      expect.objectContaining({ system: 'single', ...row, llmCalls: 30, tokensIn: 300, tokensOut: 150 }),
      expect.objectContaining({ system: 'sc', ...row, llmCalls: 150 }),
    ]);
    const { low, high } = first.result.results[0] ?? { low: 1, high: 0 };
    expect(low).toBeLessThan(0.8);
    expect(high).toBeGreaterThan(0.8);
    expect(first.result).toMatchObject({ unfinished: 0, usage: { llmCalls: 180 } });

    const report = await reportOf(first.result.files);
    expect(report.items).toHaveLength(60);
    const item = report.items.find(({ queryId, system }) => queryId && system === 'sc');
    expect(item).toMatchObject({ benchmark: 'gsm8k', llmCalls: 5, calls: { length: 5 } });
    expect(report.programs[item?.programSha256 ?? '']?.source).toContain('class MAS');

    await recordHistory(parts.temporal, first.handle.workflowId, 'evaluation-scored');
    await recordHistory(parts.temporal, `${first.handle.workflowId}/batch-0`, 'evaluation-batch');

    const again = await evaluate({ systems: ['single', 'sc'] });
    expect(again.handle.name).toBe(first.handle.name);
    expect(again.requests).toBe(0);
    expect(again.result.results).toEqual(first.result.results);
    expect(again.result.usage.llmCalls).toBe(0);

    const wider = await evaluate({ systems: ['single', 'sc', 'cot'] });
    expect(wider.requests).toBe(30);
    expect(wider.result.results.slice(0, 2)).toEqual(first.result.results);

    const sampled = await evaluate({ systems: ['single'], sample: 10, limit: 4 });
    expect(sampled).toMatchObject({ requests: 0, result: { results: [{ n: 4 }] } });
  });

  it('runs what a generator writes, its fallback otherwise, and keeps failures in the denominator', async () => {
    const answers = adding();
    parts.llm.behave((request) => {
      if (request.body.model !== 'fake-generator') return answers(request);
      const number = numberIn(request);
      if (number === 0) return { type: 'answer', text: 'I would ask an expert.' };
      const body = number === 1 ? 'return 1 / 0' : 'return self.llm.call_llm(taskInfo + " Think.")';
      return { type: 'answer', text: `\`\`\`python\n${programOf(body)}\`\`\`` };
    });
    const generated = await evaluate({ systems: ['generator:generator'], limit: 4 });
    // Four written programs, one call of each that runs, and twice the six of the fallback.
    expect(generated.requests).toBe(4 + 2 + 2 * 6);
    const [row] = generated.result.results;
    expect(row).toMatchObject({ n: 4, correct: 4, failed: 0, llmCalls: 18 });
    const { items } = await reportOf(generated.result.files);
    expect(items.map(({ reason }) => reason.startsWith('fallback'))).toEqual([true, true, false, false]);
    expect(items[0]?.reason).toContain('noProgram');
    expect(items[1]?.reason).toContain('raised');

    parts.llm.behave(({ body }) => ({
      type: 'answer',
      text: body.model === 'fake-generator' ? `\`\`\`python\n${programOf('return None')}\`\`\`` : '',
    }));
    const failing = await evaluate({ systems: ['single'], limit: 4, seed: 9 });
    expect(failing.result.results[0]).toMatchObject({ n: 4, correct: 0 });
  });

  it('ends with the spent budget, and goes on from there', async () => {
    const usage = { prompt_tokens: 100, completion_tokens: 400, total_tokens: 500 };
    parts.llm.behave((request) => ({ ...adding()(request), body: { usage } }) as Behaviour);
    const input = { systems: ['cot'], seed: 3, benchmarks: [{ name: 'gsm8k', sha256 }] };
    const before = parts.llm.requests.length;
    await expect(evaluate({ ...input, maxTokens: 6_000 }, 'budget')).rejects.toMatchObject({
      type: 'Budget.Exceeded',
      message: expect.stringMatching(
        /what is done is kept: the budget of evaluation\/budget is used up \(maxTokens 6000, \d+ used/,
      ),
    });
    const spent = parts.llm.requests.length - before;
    expect(spent).toBeGreaterThan(0);
    expect(spent).toBeLessThanOrEqual(12);
    await recordHistory(parts.temporal, 'evaluation/budget', 'evaluation-budget');
    const { result, requests } = await evaluate({ ...input, maxTokens: 1_000_000 }, 'budget');
    expect(result.results[0]).toMatchObject({ n: 30, correct: 30 });
    expect(requests).toBe(30 - spent);
  });

  it('passes a cancel on: nothing runs, the run says so, and the same input goes on', async () => {
    parts.llm.behave(adding());
    await evaluate({ systems: ['single'], seed: 77 });
    const processes = await idleDescendants();
    parts.llm.behave((request, index) => (index % 7 === 0 ? { type: 'hang' } : adding()(request)));
    const request = { benchmarks: [{ name: 'gsm8k', sha256 }], systems: ['cot-sc'], drivers: ['driver'] };
    const handle = await parts.client.evaluation.start(request);
    const progress = async () => (await handle.progress()).done;
    await expect.poll(progress, { timeout: 30_000 }).toBeGreaterThan(0);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect(await handle.progress()).toMatchObject({ state: 'cancelled' });
    const query = `TaskQueue = '${parts.taskQueue}' AND ExecutionStatus = 'Running'`;
    const open = () =>
      parts.temporal.workflowService.countWorkflowExecutions({ namespace: 'default', query });
    await expect.poll(async () => (await open()).count?.toNumber(), { timeout: 30_000 }).toBe(0);
    await recordHistory(parts.temporal, handle.workflowId, 'evaluation-cancelled');
    await recordHistory(parts.temporal, `${handle.workflowId}/batch-0`, 'evaluation-batch-cancelled');
    const run = () => parts.database.selectFrom('runs').select('state').where('name', '=', handle.name);
    expect((await run().executeTakeFirst())?.state).toBe('cancelled');
    await expect.poll(() => leftovers(parts), { timeout: 30_000 }).toEqual(nothingLeft);
    await expect.poll(descendants, { timeout: 30_000 }).toBeLessThanOrEqual(processes);

    parts.llm.behave(adding());
    const { result } = await evaluate(request);
    expect(result.results[0]).toMatchObject({ n: 30, correct: 30, failed: 0 });
    const { losses } = await parts.database
      .selectFrom('executions')
      .select((select) => select.fn.max('losses').as('losses'))
      .executeTakeFirstOrThrow();
    expect(losses).toBe(0);
  });

  it('keeps texts out of history', async () => {
    parts.llm.behave(adding());
    const { handle } = await evaluate({ systems: ['single', 'cot', 'sc', 'self-refine'], repeats: 2 });
    const ids = [handle.workflowId, ...[0, 1].map((batch) => `${handle.workflowId}/batch-${batch}`)];
    for (const id of ids) {
      const { events, bytes } = await historyOf(parts.temporal, id);
      expect(events).toBeLessThan(70);
      expect(bytes).toBeLessThan(24_000);
    }
  });

  it.each<[string, unknown, string, RegExp]>([
    ['an empty form', undefined, 'Input.Invalid', /benchmarks: .*Example/],
    ['no object', 'gsm8k', 'Input.Invalid', /"gsm8k"/],
    ['an unknown field', { benchmarks: [{ name: 'gsm8k' }], shell: 'rm' }, 'Input.Invalid', /shell/],
    ['an unknown benchmark', { benchmarks: [{ name: 'nope' }] }, 'Input.Invalid', /nope.*gsm8k/],
    ['a path as benchmark', { benchmarks: [{ name: '../../etc/passwd' }] }, 'Input.Invalid', /a name/],
    ['no file', { benchmarks: [{ name: 'gsm8k' }] }, 'Input.Invalid', /--benchmark gsm8k=FILE/],
    [
      'an unknown blob',
      { benchmarks: [{ name: 'gsm8k', sha256: 'e'.repeat(64) }], drivers: ['driver'] },
      'Input.NotFound',
      /eeee/,
    ],
    [
      'an unknown system',
      { benchmarks: [{ name: 'generated-test' }], systems: ['nope'], drivers: ['driver'] },
      'Input.NotFound',
      /nope.*self-consistency/,
    ],
    [
      'an unknown driver',
      { benchmarks: [{ name: 'generated-test' }], drivers: ['nope'] },
      'Llm.UnknownModel',
      /nope/,
    ],
    [
      'an unknown generator',
      { benchmarks: [{ name: 'generated-test' }], systems: ['generator:nope'], drivers: ['driver'] },
      'Llm.UnknownModel',
      /nope/,
    ],
    [
      'a command as generator',
      { benchmarks: [{ name: 'generated-test' }], systems: ['generator:$(id)'], drivers: ['driver'] },
      'Input.Invalid',
      /systems/,
    ],
    ['no repeats', { benchmarks: [{ name: 'generated-test' }], repeats: 0 }, 'Input.Invalid', /repeats.*0/],
    ['a million repeats', { benchmarks: [{ name: 'x' }], repeats: 1e6 }, 'Input.Invalid', /repeats/],
    ['a negative limit', { benchmarks: [{ name: 'x' }], limit: -1 }, 'Input.Invalid', /limit.*-1/],
    [
      'too many systems',
      { benchmarks: [{ name: 'x' }], systems: Array(257).fill('single') },
      'Input.Invalid',
      /256/,
    ],
    ['a huge name', { benchmarks: [{ name: 'x'.repeat(1e6) }] }, 'Input.Invalid', /a name/],
    ['a hostile name', { benchmarks: [{ name: 'generated-test' }], name: '<b>' }, 'Input.Invalid', /name/],
    ['__proto__', JSON.parse('{"__proto__": {"benchmarks": []}}'), 'Input.Invalid', /Example/],
  ])('refuses %s', async (_what, input, type, message) => {
    const { temporal, taskQueue } = parts;
    const error = await temporal.workflow
      .execute('evaluateBenchmarks', {
        taskQueue,
        workflowId: `evaluation/hostile-${Math.random()}`,
        args: input === undefined ? [] : [input],
      })
      .catch((thrown: unknown) => thrown);
    let root: unknown = (error as WorkflowFailedError).cause;
    while (root instanceof Error && root.cause instanceof Error) root = root.cause;
    expect(root).toMatchObject({ type, message: expect.stringMatching(message) });
    expect((root as Error).message.length).toBeLessThan(2_000);
  });
});
