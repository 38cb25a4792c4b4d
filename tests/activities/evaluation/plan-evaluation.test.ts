/** The plan of an evaluation: each item once, limits per benchmark, what is named by mistake refused before anything is spent. */
import { createLoadQueries } from '../../../activities/benchmarks/load-queries.ts';
import { createQuery } from '../../../activities/benchmarks/query-id.ts';
import { createPlanEvaluation } from '../../../activities/evaluation/plan-evaluation.ts';
import { createResolveEvaluation } from '../../../activities/evaluation/resolve-evaluation.ts';
import { failure } from '../../../activities/failure.ts';
import { readPool } from '../../../activities/mas/pool.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { evaluationInputSchema, type EvaluationRequest } from '../../../workflows/evaluation/contract.ts';
import { planSchema } from '../../../workflows/matrix/contract.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshHome } from '../../support/masgpt.ts';

let home: Awaited<ReturnType<typeof freshHome>>;
beforeAll(async () => {
  home = await freshHome();
});
afterAll(() => home?.[Symbol.asyncDispose]());

const calls = {
  async identity(model: string) {
    if (model === 'nobody') throw failure('Llm.UnknownModel', `there is no model "${model}"`);
    return { model, revision: 'r1', simulated: model.startsWith('sim-') };
  },
};

function parts() {
  const blobs = createDirectoryBlobs(home.path);
  const pool = readPool();
  const loadQueries = createLoadQueries({ blobs });
  return { blobs, calls, pool: () => pool, loadQueries, fallbackProgram: 'cot' };
}

const store = (blobs: ReturnType<typeof parts>['blobs'], source: string, from: number, to: number) =>
  blobs.put(
    Array.from({ length: to - from }, (_, index) => {
      const value = String(from + index);
      const gold = { kind: 'number', value } as const;
      const query = createQuery({ source, text: `Say ${value}.`, subject: '', split: '', licence: '', gold });
      return `${JSON.stringify(query)}\n`;
    }).join(''),
  );

async function plan(given: Partial<EvaluationRequest> & Pick<EvaluationRequest, 'benchmarks'>) {
  const { blobs, ...rest } = parts();
  const made = await createPlanEvaluation({ blobs, ...rest })(evaluationInputSchema.parse(given));
  return { made, plan: planSchema.parse(JSON.parse(await blobs.getText(made.plan))) };
}

describe('the plan', () => {
  it('asks a query that two files of a benchmark share once', async () => {
    const { blobs } = parts();
    const files = [await store(blobs, 'rows', 0, 6), await store(blobs, 'rows', 4, 10)];
    const { made, plan: stored } = await plan({
      benchmarks: files.map((sha256) => ({ name: 'rows', sha256 })),
    });
    expect(stored.queryCount).toBe(10);
    expect(made.benchmarks.map(({ items, size }) => [items, size])).toEqual([
      [6, 6],
      [4, 6],
    ]);
  });

  it('limits each benchmark for itself, and pins programs and revisions', async () => {
    const sha256 = await store(parts().blobs, 'gsm8k', 0, 8);
    const { made, plan: stored } = await plan({
      benchmarks: [{ name: 'gsm8k', sha256 }, { name: 'generated-test' }],
      systems: ['debate', 'generator:writer'],
      drivers: ['qwen', 'sim-driver'],
      limit: 3,
      repeats: 2,
    });
    expect(made).toMatchObject({ cells: 6 * 2 * 2 * 2, simulated: true });
    expect(made.benchmarks.map(({ name, items, size }) => [name, items, size])).toEqual([
      ['gsm8k', 3, 8],
      ['generated-test', 3, 3],
    ]);
    expect(stored.systems).toMatchObject([
      { kind: 'program', id: 'debate', program: { id: 'llm-debate' } },
      { kind: 'generator', id: 'generator:writer', generator: 'writer', fallback: { id: 'cot' } },
    ]);
    expect(stored.revisions).toEqual({ qwen: 'r1', 'sim-driver': 'r1', writer: 'r1' });
    const again = await plan({
      benchmarks: [{ name: 'gsm8k', sha256 }, { name: 'generated-test' }],
      systems: ['debate', 'generator:writer'],
      drivers: ['qwen', 'sim-driver'],
      limit: 3,
      repeats: 2,
    });
    expect(again.made).toEqual(made);
  });

  it('refuses a blob of another benchmark, and more generated problems than there are', async () => {
    const sha256 = await store(parts().blobs, 'gsm8k', 0, 2);
    await expect(plan({ benchmarks: [{ name: 'aqua', sha256 }] })).rejects.toThrow(
      /aqua: .*a query of gsm8k/,
    );
    const greedy = plan({ benchmarks: [{ name: 'generated-test' }], limit: 1_000_000_000 });
    await expect(greedy).rejects.toThrow(/limit: .*ask for fewer/);
  });
});

it('resolving names what is unknown, and takes what is named twice once', async () => {
  const claimed: unknown[] = [];
  const runs = { claim: async (claim: unknown) => void claimed.push(claim), finish: async () => {} };
  const resolve = createResolveEvaluation({ ...parts(), runs });
  const identity = {
    namespace: 'default',
    kind: 'evaluation',
    workflowId: 'evaluation/x',
    runId: 'r',
    firstRunId: 'r',
  } as const;
  const sha256 = 'a'.repeat(64);
  const twice = [{ name: 'gsm8k', sha256 }, { name: 'generated-test' }, { name: 'gsm8k', sha256 }];
  const { input } = await resolve({ benchmarks: twice, systems: ['cot', 'cot'] }, identity);
  expect(input).toMatchObject({ benchmarks: twice.slice(0, 2), systems: ['cot'] });
  const benchmarks = [{ name: 'generated-test' }];
  for (const [raw, message] of [
    [{ benchmarks: [{ name: 'generated-test' }], systems: ['../x'] }, /systems\.0: a pool program by name/],
    [{ benchmarks, systems: ['generator:'] }, /systems\.0/],
    [{ benchmarks, drivers: ['nobody'] }, /nobody/],
    [{ benchmarks, systems: ['generator:nobody'] }, /nobody/],
    [{ benchmarks, limit: 0 }, /limit/],
    [{ benchmarks, sample: 'NaN' }, /sample/],
    [null, /benchmarks/],
  ] as const)
    await expect(resolve(raw, identity)).rejects.toThrow(message);
  expect(claimed).toHaveLength(1);
});
