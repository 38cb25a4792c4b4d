/** What a matrix shows while it runs, on a real server: its query, and the details that Temporal's UI draws. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { MatrixResult } from '../../../workflows/matrix/run-matrix.ts';
import type { Progress } from '../../../workflows/shared/progress.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { type MatrixWorkers, startMatrixWorkers } from './matrix-workers.ts';
import type { MatrixInput } from './matrix-workflows.ts';

const patience = { timeout: 60_000 };
vi.setConfig({ testTimeout: 180_000 });
let connection: Connection;
let client: Client;

beforeAll(async () => {
  connection = await Connection.connect({ address: temporal.address() });
  client = new Client({ connection });
});
afterAll(() => connection?.close());

describe.each([
  ['cached', {}],
  ['replayed at every step', { maxCachedWorkflows: 0 }],
])('%s', (_mode, options) => {
  let workers: MatrixWorkers;
  const taskQueue = freshTaskQueue();
  beforeAll(async () => (workers = await startMatrixWorkers(taskQueue, options)));
  afterAll(() => workers?.[Symbol.asyncDispose]());

  it('says what failed by kind, what was found stored, and rate and ETA once they are known', async () => {
    const held: (() => void)[] = [];
    const release = (): void => void held.splice(0).forEach((go) => go());
    const batches = [
      { answered: 7, failed: 3, failureKinds: { raised: 2, callLimit: 1 } },
      { answered: 6, failed: 1, infraFailed: 3, failureKinds: { raised: 1, infrastructure: 3 } },
    ];
    workers.stored.add(0);
    workers.script(async () => {
      const batch = batches[held.length % 2];
      await new Promise<void>((resolve) => held.push(resolve));
      return { ...batch, found: 1 };
    });
    const input: MatrixInput = { ...{ plan: 'c'.repeat(64), cells: 60, batchSize: 10 }, window: 2, rules: 3 };
    const handle = await client.workflow.start<(input: MatrixInput) => Promise<MatrixResult>>(
      'matrixParent',
      {
        ...{ taskQueue, workflowId: `evaluation/${taskQueue}`, args: [input] },
      },
    );
    const progress = () => handle.query<Progress>('progress');
    const details = async (): Promise<Record<string, string>> => {
      const { currentDetails } = await handle.query<{ currentDetails: string }>(
        '__temporal_workflow_metadata',
      );
      // Cells end with room for the next column.
      const plain = currentDetails.replaceAll('\u00A0', '');
      const rows = plain.split('\n').map((line) => line.slice(2, -2).split(' | '));
      return Object.fromEntries(rows);
    };
    await expect.poll(() => held.length, patience).toBe(2);
    expect(await progress()).toMatchObject({ done: 10, found: 10, failed: 0, unit: 'cells', total: 60 });
    expect(await details()).toMatchObject({ cells: '10/60, 10 of them found stored', rate: '–', ETA: '–' });

    release();
    await expect.poll(async () => (await progress()).done, patience).toBe(27);
    expect(await progress()).toMatchObject({
      ...{ found: 12, failed: 7, failureKinds: { raised: 3, infrastructure: 3, callLimit: 1 } },
    });
    expect(await details()).toMatchObject({ failed: '7: 3 infrastructure, 3 raised, 1 callLimit' });
    await expect.poll(() => held.length, patience).toBe(2);
    release();
    await expect.poll(async () => (await progress()).done, patience).toBe(44);
    const { perSecond = 0 } = await progress();
    expect(perSecond).toBeGreaterThan(0);
    const shown = await details();
    expect(shown['rate']).toMatch(/^[\d.]+ cells\/(s|min)$/);
    expect(shown['ETA']).toMatch(/^(\d+ (h|min|s) ?)+, about \d\d:\d\d UTC \(as of \d\d:\d\d\)$/);
    await expect.poll(() => held.length, patience).toBe(1);
    release();
    expect(await handle.result()).toMatchObject({ found: 15, failed: 11, infraFailed: 6 });
  });
});
