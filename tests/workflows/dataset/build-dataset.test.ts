/** buildDataset on real parts and simulated models: what it selects, refines and writes, and that it pays for nothing twice. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPool } from '../../../activities/mas/pool.ts';
import { generationSystemPrompt } from '../../../activities/mas/prompts/generation.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import { historyOf } from '../../support/history.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type SimulatedStack, simulatedStack } from '../../support/simulated-stack.ts';

const programs = ['code-with-tests', 'cot', 'math-with-code', 'self-consistency'];
const input: DatasetRequest = { queries: [{ source: 'generated-train', limit: 16 }], programs, seed: 3 };
const name = 'small';

let stack: SimulatedStack;
beforeAll(async () => {
  stack = await simulatedStack();
});
afterAll(() => stack?.[Symbol.asyncDispose]());

interface Row {
  readonly query: string;
  readonly answer: string;
}

async function rowsOf({ files }: DatasetResult, from = stack): Promise<Row[]> {
  const lines = (await from.services.blobs.getText(files['sft.jsonl'] ?? '')).trim().split('\n');
  return lines.map((line) => {
    const { messages } = JSON.parse(line) as { messages: { role: string; content: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant']);
    expect(messages[0]?.content).toBe(generationSystemPrompt);
    return { query: messages[1]?.content ?? '', answer: messages[2]?.content ?? '' };
  });
}

const textOf = ({ files }: DatasetResult, file: string, from = stack): Promise<string> =>
  from.services.blobs.getText(files[file] ?? '');

const programIn = ({ answer }: Row): string => /```python\n([^]*)```$/.exec(answer)?.[1] ?? '';

describe('buildDataset', () => {
  let first: DatasetResult;

  it('selects per kind, refines, and writes rows, card and manifest', async () => {
    first = await stack.build(input, name);
    expect(first).toMatchObject({ run: `dataset/${name}`, cells: 64, simulated: true });
    expect(first.rows + first.dropped).toBe(16);
    expect(first.rows).toBeGreaterThan(6);
    expect(first.groups.map(({ group, queries }) => [group, queries])).toEqual([
      ['generated-train/word-arithmetic', 4],
      ['generated-train/list-functions', 4],
      ['generated-train/unit-physics', 4],
      ['generated-train/multiple-choice', 4],
    ]);
    const { tried, accepted, kept } = first.refinement;
    expect(tried).toBeGreaterThanOrEqual(accepted + kept - first.dropped);
    expect(accepted).toBeGreaterThan(0);
    expect(first.usage.llmCalls).toBe((await stack.stats()).answered);

    await recordHistory(stack.client, `dataset/${name}`, 'dataset-built');
    const rows = await rowsOf(first);
    expect(rows).toHaveLength(first.rows);
    for (const row of rows) {
      expect(programIn(row)).toMatch(/^from utils import \*\n[^]*class MAS/);
      expect(row.answer).toMatch(/^The query/);
    }
    const [manifest, card] = await Promise.all(
      ['manifest.json', 'card.md'].map((file) => stack.services.blobs.getText(first.files[file] ?? '')),
    );
    const stored = JSON.parse(manifest ?? '') as { files: Record<string, { sha256: string }>; rows: number };
    expect(stored).toMatchObject({
      rows: first.rows,
      files: { 'sft.jsonl': { sha256: first.files['sft.jsonl'] } },
    });
    expect(stored.files['card.md']?.sha256).toBe(
      createHash('sha256')
        .update(card ?? '')
        .digest('hex'),
    );
    expect(card).toContain('**Simulated**');
    expect(card).toContain('generated-train/unit-physics');
  }, 180_000);

  it('again, and replayed at every step: the same bytes, and no call is made', async () => {
    const before = await stack.stats();
    const again = await stack.build(input, name, { maxCachedWorkflows: 0 });
    // All but what says when it was built.
    expect({ ...again.files, 'run.json': '' }).toEqual({ ...first.files, 'run.json': '' });
    expect(again.usage.llmCalls).toBe(0);
    expect((await stack.stats()).answered).toBe(before.answered);
    await recordHistory(stack.client, `dataset/${name}`, 'dataset-again');
    const { bytes, events } = await historyOf(stack.client, `dataset/${name}`);
    expect(events).toBeLessThan(120);
    expect(bytes).toBeLessThan(40_000);
  }, 180_000);

  it('switches off adaptation and reasoning: rows are the pool programs alone, without one call to the refiner', async () => {
    const before = await stack.stats();
    const switches = { adaptation: false, reasoning: false };
    const bare = await stack.build({ ...input, switches }, 'bare');
    expect(bare.refinement).toMatchObject({ tried: 0, accepted: 0 });
    expect((await stack.stats()).answered).toBe(before.answered);
    const sources = (await readPool()).list().map(({ source }) => source);
    for (const row of await rowsOf(bare)) {
      expect(row.answer).toMatch(/^```python\n/);
      expect(sources).toContain(programIn(row));
    }
  }, 180_000);

  it('switches off inter-consistency: each query keeps a program that solved it', async () => {
    const switches = { interConsistency: false, adaptation: false };
    const free = await stack.build({ ...input, switches }, 'free');
    const rows = await rowsOf(free);
    expect(rows.length).toBeGreaterThanOrEqual(first.rows);
    expect(new Set(rows.map(programIn)).size).toBeGreaterThan(1);
    expect(rows.every(({ answer }) => answer.startsWith('The query'))).toBe(true);
  }, 180_000);

  it('stops at its budget, and goes on from there with a higher one', async () => {
    const before = await stack.stats();
    const other = { ...input, seed: 4 };
    const error = await stack
      .build({ ...other, maxTokens: 30_000 }, 'poor')
      .catch((thrown: unknown) => thrown);
    expect((error as Error).message).toMatch(/budget/);
    const spent = (await stack.stats()).answered - before.answered;
    expect(spent).toBeGreaterThan(0);
    const result = await stack.build(other, 'poor');
    const all = (await stack.stats()).answered - before.answered;
    // Executions that the budget cut off count whole where they end; their first calls came from the record.
    expect(result.usage.llmCalls).toBeGreaterThanOrEqual(all - spent);
    expect(result.usage.llmCalls).toBeLessThan(all);
    expect((await stack.stats()).repeated).toBe(before.repeated);
  }, 180_000);

  it('refuses what it cannot do, with the field and an example', async () => {
    await using _workers = await stack.startWorkers();
    for (const [request, message] of [
      [{}, /queries/],
      [{ queries: [{ source: 'gsm8k' }] }, /name its file/],
      [{ ...input, programs: ['nonsense'] }, /nonsense/],
      [{ ...input, refiner: 'gpt-unknown' }, /gpt-unknown/],
      [{ ...input, queries: [{ source: '../../etc/passwd' }] }, /a-z, 0-9/],
    ] as const) {
      const handle = await stack.mas.dataset.start(request as unknown as DatasetRequest);
      const failed = (await handle.result().catch((thrown: unknown) => thrown)) as Error;
      expect(failed.message).toMatch(message);
    }
  }, 60_000);

  it('survives kill -9 of its worker: the same bytes, and no answered call is repeated', async () => {
    await using other = await simulatedStack({ latencyMs: 60 });
    // The first run of that id is over; this one lives on another store and another simulator.
    const worker = await other.startProcess();
    const handle = await other.mas.dataset.start(input, { name });
    const calls = first.usage.llmCalls;
    const answered = async (): Promise<number> => (await other.stats()).answered;
    for (const share of [0.2, 0.6]) {
      await expect.poll(answered, { timeout: 60_000, interval: 20 }).toBeGreaterThan(share * calls);
      if (share === 0.2) {
        await worker.kill('SIGKILL');
        await other.startProcess();
      }
    }
    const result = await handle.result();
    expect(result.files['sft.jsonl']).toBe(first.files['sft.jsonl']);
    // The texts, so that a failure shows the line that differs.
    expect(await textOf(result, 'card.md', other)).toBe(await textOf(first, 'card.md'));
    const stats = await other.stats();
    expect(Object.keys(stats.byHash)).toHaveLength(calls);
    // What was in flight at the kill may be asked once more: at most the slots of one process.
    expect(stats.repeated).toBeLessThanOrEqual(64);
    const repeats = await other.services.database
      .selectFrom('llm_calls')
      .select('sends')
      .where('sends', '>', 1)
      .execute();
    expect(stats.repeated).toBeLessThanOrEqual(repeats.length);
  }, 240_000);
});
