/** The further repeats of leading programs, disturbed in their middle: each time the same dataset, and nothing is paid twice. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import { startImpatientTemporal } from '../../support/impatient-temporal.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

/** One call per execution; the refiner is not asked. */
const matrixAlone: DatasetRequest = {
  queries: [{ source: 'generated-train', limit: 24 }],
  programs: ['analogical', 'cot', 'single', 'solo-performance'],
  ...{ repeats: 2, seed: 5 },
  switches: { adaptation: false, reasoning: false },
  selection: { crossFit: 'repeats', permutations: 99 },
};
const input: DatasetRequest = {
  ...matrixAlone,
  selection: { ...matrixAlone.selection, leaders: { count: 2, extraRepeats: 4 } },
};
const stage = 'leading programs';
/** So that a test meets the stage half-way. */
const latencyMs = 100;

/** Of the score matrix, and with the further repeats. */
let calls: { readonly matrix: number; readonly all: number };
let tokens: typeof calls;
let undisturbed: DatasetResult;

beforeAll(async () => {
  await using stack = await simulatedStack();
  const matrix = await stack.build(matrixAlone, 'matrix');
  undisturbed = await stack.build(input, 'leaders-undisturbed');
  const spent = ({ usage }: DatasetResult): number => usage.tokensIn + usage.tokensOut;
  const [first, further] = [matrix.usage.llmCalls, undisturbed.usage.llmCalls];
  calls = { matrix: first, all: first + further };
  tokens = { matrix: spent(matrix), all: spent(matrix) + spent(undisturbed) };
  expect(first).toBe(192);
  expect(further).toBeGreaterThan(40);
}, 600_000);

/** All but what says when it was built. */
function filesOf({ files, selectionReport }: DatasetResult): unknown {
  return { ...files, 'run.json': '', selectionReport };
}

const answeredBy = async (stack: SimulatedStack): Promise<number> => (await stack.stats()).answered;

describe('the stage of leading programs', () => {
  it('goes on in a further history', async () => {
    await using temporal = await startImpatientTemporal(45);
    await using stack = await simulatedStack({ latencyMs, address: temporal.address });
    const result = await stack.build(input, 'continued');
    expect(filesOf(result)).toEqual(filesOf(undisturbed));
    expect(await stack.stats()).toMatchObject({ answered: calls.all, repeated: 0 });

    const histories = await activitiesOf(stack, 'dataset/continued');
    const planned = histories.findIndex((activities) => activities.includes('planLeaders'));
    const selected = histories.findIndex((activities) => activities.includes('selectPrograms'));
    expect(planned).toBeGreaterThanOrEqual(0);
    expect(selected).toBeGreaterThan(planned);
  }, 600_000);

  it('pauses and goes on', async () => {
    await using stack = await simulatedStack({ latencyMs });
    await using _workers = await stack.startWorkers();
    const handle = await stack.mas.dataset.start(input, { name: 'leaders-paused' });
    const { tune, pause, resume } = stack.mas.dataset;
    // Refused before the run has begun, and between two plans of the stage.
    const taken = (update: Promise<unknown>): Promise<boolean> =>
      update.then(
        () => true,
        () => false,
      );
    const patience = { timeout: 120_000, interval: 50 };
    await expect.poll(() => taken(tune('leaders-paused', { executionsAtOnce: 4 })), patience).toBe(true);
    await expect.poll(() => answeredBy(stack), { ...patience, interval: 20 }).toBeGreaterThan(calls.matrix);
    await expect.poll(() => taken(pause('leaders-paused')), patience).toBe(true);
    await expect.poll(async () => (await handle.progress()).open, patience).toEqual([]);
    expect(await handle.progress()).toMatchObject({ state: 'paused', stage });
    const asked = await answeredBy(stack);
    expect(asked).toBeLessThan(calls.all);
    const running = stack.services.database.selectFrom('executions').where('status', '=', 'running');
    expect(await running.select('key').execute()).toEqual([]);
    expect(await answeredBy(stack)).toBe(asked);

    await resume('leaders-paused');
    expect(filesOf(await handle.result())).toEqual(filesOf(undisturbed));
    expect(await stack.stats()).toMatchObject({ answered: calls.all, repeated: 0 });
  }, 600_000);

  it.each(['stop', 'use'] as const)(
    'meets a spent budget, to %s: with more of it the run ends as if there had been none',
    async (whenSpent) => {
      await using stack = await simulatedStack();
      // A call begins only when the most that it may cost is left.
      const mostPerCall = 2_048 + 500;
      const maxTokens = Math.round((tokens.matrix + tokens.all) / 2) + mostPerCall;
      const poor = stack.build({ ...input, maxTokens, whenSpent }, 'leaders-poor');
      if (whenSpent === 'use') {
        const used = await poor;
        expect(used.leftOut).toBeUndefined();
        expect(used.rows + used.dropped).toBe(24);
      } else
        await expect(poor).rejects.toMatchObject({
          type: 'Budget.Exceeded',
          message: expect.stringMatching(/the score matrix, and some of the repeats for leading programs/),
        });
      const asked = await answeredBy(stack);
      expect(asked).toBeGreaterThan(calls.matrix);
      expect(asked).toBeLessThan(calls.all);

      const rich = await stack.build({ ...input, whenSpent }, 'leaders-poor');
      expect(filesOf(rich)).toEqual(filesOf(undisturbed));
      expect(await stack.stats()).toMatchObject({ answered: calls.all, repeated: 0 });
    },
    600_000,
  );

  it('survives kill -9 of its worker', async () => {
    await using stack = await simulatedStack({ latencyMs });
    const worker = await stack.startProcess();
    const handle = await stack.mas.dataset.start(input, { name: 'leaders-killed' });
    await expect
      .poll(() => answeredBy(stack), { timeout: 120_000, interval: 10 })
      .toBeGreaterThan(calls.matrix);
    await worker.kill('SIGKILL');
    expect(await answeredBy(stack)).toBeLessThan(calls.all);
    await stack.startProcess();
    expect(filesOf(await handle.result())).toEqual(filesOf(undisturbed));
    const { byHash, repeated } = await stack.stats();
    expect(Object.keys(byHash)).toHaveLength(calls.all);
    const again = await stack.services.database
      .selectFrom('llm_calls')
      .select('key')
      .where('sends', '>', 1)
      .execute();
    expect(repeated).toBeLessThanOrEqual(again.length);
  }, 600_000);
});

/** Names of the activities in each history of a run, the first one first. */
async function activitiesOf({ client }: SimulatedStack, workflowId: string): Promise<string[][]> {
  const histories: string[][] = [];
  for (let runId: string | undefined; runId !== '';) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.unshift(
      (events ?? []).flatMap((event) => {
        const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
        return name ? [name] : [];
      }),
    );
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  }
  return histories;
}
