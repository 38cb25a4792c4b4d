/** An evaluation whose history grows long, here by thousands of forged reports, goes on in a new run and loses nothing. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reportSignal } from '../../../workflows/shared/report.ts';
import {
  adding,
  type EvaluationParts,
  evaluationParts,
  startEvaluationWorkers,
} from '../../support/evaluation-parts.ts';
import { recordHistory } from '../../support/record-history.ts';

let parts: EvaluationParts;
let workers: AsyncDisposable;
beforeAll(async () => {
  parts = await evaluationParts();
  workers = await startEvaluationWorkers(parts);
});
afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

it('continues as new while a batch is in flight', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  parts.llm.behave(async (request) => {
    await released;
    return adding()(request);
  });
  const handle = await parts.client.evaluation.start({
    benchmarks: [{ name: 'gsm8k', sha256: await parts.additions(20) }],
    systems: ['single'],
    drivers: ['driver'],
  });
  await expect.poll(() => parts.llm.requests.length, { timeout: 30_000 }).toBe(20);

  const workflow = parts.temporal.workflow.getHandle(handle.workflowId);
  const first = await workflow.describe();
  const forged = { label: 'batch', member: 7, key: 'forged' };
  const report = { status: 'done', result: { answered: 1_000_000 } } as const;
  let now = first;
  // Near the length at which the server suggests it, slowly: a signal that meets the very task makes it start over.
  while (now.runId === first.runId) {
    const batch = now.historyLength < 3_900 ? 50 : 1;
    for (let sent = 0; sent < batch; sent += 1) await workflow.signal(reportSignal, forged, report);
    if (batch === 1) await new Promise((resolve) => setTimeout(resolve, 50));
    now = await workflow.describe();
  }
  release();

  expect(await handle.result()).toMatchObject({
    results: [{ n: 20, correct: 20, failed: 0 }],
    usage: { llmCalls: 20 },
    unfinished: 0,
  });
  await recordHistory(parts.temporal, handle.workflowId, 'evaluation-continued');
}, 180_000);
