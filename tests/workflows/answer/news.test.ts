/** A thousand forged `wake` signals, and queries without end: bounded steps, the answer comes, and what happened replays. */
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMasClient } from '../../../clients/client.ts';
import { wakeSignalName } from '../../../workflows/answer/contract.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';
import { preloadModules, workflowsPath } from '../../../workers/workflow-code.ts';

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

/** How many come at once, and how often; then how many one after another. */
const atOnce = 50;

/** A crowded machine may not answer in time. */
const ask = (handle: { progress(): Promise<unknown> }) => handle.progress().catch(() => {});

describe.each([
  ['cached', undefined, { floods: 10, single: 60 }],
  ['always replayed', 0, { floods: 2, single: 5 }],
] as const)('%s', (_mode, maxCachedWorkflows, { floods, single }) => {
  it('answers through a flood', async () => {
    const taskQueue = freshTaskQueue();
    const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
    await using _workers = await startAnswerWorkers({
      config,
      address: temporal.address(),
      ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    });
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const program = programOf(`return self.llm.call_llm('held ${maxCachedWorkflows}')`);
    parts.llm.behave(async ({ body: { model } }) => {
      if (model === 'fake-generator') return { type: 'answer', text: `\`\`\`python\n${program}\`\`\`` };
      await released;
      return { type: 'answer', text: 'through' };
    });
    const mas = createMasClient(connection, { taskQueue });
    const before = parts.llm.requests.length;
    const query = `flooded ${maxCachedWorkflows}`;
    const handle = await mas.answer.start({ query, driver: 'driver', generator: 'generator' });
    await expect.poll(() => parts.llm.requests.length, { timeout: 30_000 }).toBe(before + 2);
    const workflow = new Client({ connection }).workflow.getHandle(handle.workflowId);
    for (let flood = 0; flood < floods; flood += 1) {
      await Promise.all(Array.from({ length: atOnce }, () => workflow.signal(wakeSignalName)));
    }
    // Each of these is seen by the workflow before the next one is sent.
    for (let sent = 0; sent < single; sent += 1) {
      await workflow.signal(wakeSignalName);
      await ask(handle);
    }
    release();
    expect(await handle.result()).toMatchObject({ status: 'answered', answer: 'through' });
    const history = await workflow.fetchHistory();
    const markers = (history.events ?? []).filter((event) => event.markerRecordedEventAttributes);
    // The free ones, a step per doubled second, and those of the answer itself.
    expect(markers.length).toBeLessThan(40);
    await Worker.runReplayHistory(
      { workflowsPath, bundlerOptions: { preloadModules } },
      history,
      handle.workflowId,
    );
  }, 240_000);

  it('replays what happened while it was queried all the time', async () => {
    const taskQueue = freshTaskQueue();
    const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
    await using _workers = await startAnswerWorkers({
      config,
      address: temporal.address(),
      ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    });
    const program = programOf(`
def chain(n):
    return [self.llm.call_llm(f'chain {n} step {step}') for step in range(6)]
with ThreadPoolExecutor(4) as pool:
    return str(sum(len(found) for found in pool.map(chain, range(4))))
`);
    parts.llm.behave(({ body: { model } }) =>
      model === 'fake-generator'
        ? { type: 'answer', text: `\`\`\`python\n${program}\`\`\`` }
        : { type: 'answer' },
    );
    const mas = createMasClient(connection, { taskQueue });
    const query = `queried ${maxCachedWorkflows}`;
    const handle = await mas.answer.start({ query, driver: 'driver', generator: 'generator' });
    let ended = false;
    const asking = Promise.all(
      [1, 2, 3].map(async () => {
        while (!ended) await ask(handle);
      }),
    );
    expect(await handle.result()).toMatchObject({ status: 'answered', answer: '24' });
    ended = true;
    await asking;
    const history = await new Client({ connection }).workflow.getHandle(handle.workflowId).fetchHistory();
    await Worker.runReplayHistory(
      { workflowsPath, bundlerOptions: { preloadModules } },
      history,
      handle.workflowId,
    );
  }, 240_000);
});
