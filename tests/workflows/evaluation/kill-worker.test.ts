/** A worker dies without a word in the middle of an evaluation: the next one finishes it, and no answered call is made again. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  adding,
  type EvaluationParts,
  evaluationParts,
  startEvaluationProcess,
} from '../../support/evaluation-parts.ts';

import { recordHistory } from '../../support/record-history.ts';

let parts: EvaluationParts;
beforeAll(async () => {
  parts = await evaluationParts();
});
afterAll(() => parts?.[Symbol.asyncDispose]());

it('finishes with the calls of an undisturbed run', async () => {
  const items = 40;
  const sha256 = await parts.additions(items);
  const input = {
    benchmarks: [{ name: 'gsm8k', sha256 }],
    systems: ['single', 'sc', 'debate'],
    drivers: ['driver'],
  };
  const answered = new Set<string>();
  let sent = 0;
  const half = 260;
  let reached = (): void => {};
  const isHalf = new Promise<void>((resolve) => (reached = resolve));
  let dead = false;
  const answers = adding((number) => number % 4 === 0, 10);
  parts.llm.behave((request) => {
    sent += 1;
    if (!dead && answered.size >= half) {
      reached();
      return { type: 'hang' };
    }
    answered.add(JSON.stringify(request.body));
    return answers(request);
  });

  const worker = await startEvaluationProcess(parts);
  const handle = await parts.client.evaluation.start(input);
  await isHalf;
  // What was answered is on record once the worker has read it.
  await expect.poll(recordedCalls, { timeout: 30_000 }).toBeGreaterThanOrEqual(half);
  await worker.kill('SIGKILL');
  dead = true;
  const sentBefore = sent;
  const answeredBefore = new Set(answered);

  const next = await startEvaluationProcess(parts);
  const result = await handle.result();
  const row = { n: items, correct: 30, failed: 0 };
  expect(result.results).toEqual([
    expect.objectContaining({ ...row, system: 'single', llmCalls: items }),
    expect.objectContaining({ ...row, system: 'sc', llmCalls: 5 * items }),
    expect.objectContaining({ ...row, system: 'debate', llmCalls: 7 * items }),
  ]);
  const calls = 13 * items;
  const inFlight = sentBefore - answeredBefore.size;
  expect(sent).toBe(calls + inFlight);
  const again = parts.llm.requests.slice(sentBefore).map(({ body }) => JSON.stringify(body));
  expect(again.filter((body) => answeredBefore.has(body))).toEqual([]);
  await recordHistory(parts.temporal, `${handle.workflowId}/batch-0`, 'evaluation-batch-killed');
  // The lost attempt's work is part of what this start spent.
  expect(result.usage.llmCalls).toBe(calls);

  const repeated = await (await parts.client.evaluation.start(input)).result();
  await next.kill('SIGTERM');
  expect(repeated.results).toEqual(result.results);
  expect(sent).toBe(calls + inFlight);
}, 180_000);

async function recordedCalls(): Promise<number> {
  const row = await parts.database
    .selectFrom('llm_calls')
    .select((select) => select.fn.countAll<number>().as('calls'))
    .where('state', '=', 'done')
    .executeTakeFirstOrThrow();
  return Number(row.calls);
}
