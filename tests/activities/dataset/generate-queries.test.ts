/** Generated problems: right by execution, disjoint between train and test, told apart by kind; wrong code really fails. */
import { describe, expect, it } from 'vitest';
import { generateQueries } from '../../../activities/dataset/generate-queries.ts';
import { mutantsOf } from '../../../clients/dev/simulator/mutants.ts';
import { createDraws } from '../../../clients/dev/simulator/draws.ts';
import { type Query, querySchema } from '../../../workflows/shared/query.ts';
import { testSandbox } from '../../support/sandbox.ts';

const never = new AbortController().signal;
const train = generateQueries({ source: 'generated-train', seed: 0 });
const test = generateQueries({ source: 'generated-test', seed: 0 });
const countOf = (queries: readonly Query[], subject: string): number =>
  queries.filter((query) => query.subject === subject).length;

describe('generated problems', () => {
  it('come in four kinds in equal parts, each a valid query of its own', () => {
    expect(train).toHaveLength(200);
    expect(test).toHaveLength(60);
    for (const subject of ['word-arithmetic', 'list-functions', 'unit-physics', 'multiple-choice']) {
      expect(countOf(train, subject)).toBe(50);
      expect(countOf(test, subject)).toBe(15);
    }
    for (const query of [...train, ...test]) expect(querySchema.parse(query)).toEqual(query);
    expect(new Set(train.map(({ id }) => id)).size).toBe(200);
  });

  it('repeat by seed', () => {
    expect(generateQueries({ source: 'generated-train', seed: 0 })).toEqual(train);
    expect(generateQueries({ source: 'generated-train', seed: 0, count: 40 })).toEqual(train.slice(0, 40));
    expect(generateQueries({ source: 'generated-train', seed: 1 })[0]).not.toEqual(train[0]);
  });

  it('share nothing between train and test, whatever the seeds', () => {
    const all = [0, 1, 2].flatMap((seed) => generateQueries({ source: 'generated-train', seed, count: 400 }));
    const texts = new Set(all.map(({ text }) => text));
    const functions = new Set(all.flatMap(({ gold }) => (gold.kind === 'code' ? [gold.entryPoint] : [])));
    const unseen = [0, 5].flatMap((seed) => generateQueries({ source: 'generated-test', seed, count: 120 }));
    expect(unseen.filter(({ text }) => texts.has(text))).toEqual([]);
    expect(unseen.filter(({ gold }) => gold.kind === 'code' && functions.has(gold.entryPoint))).toEqual([]);
  });

  it('end with a clear word where there are no more', () => {
    expect(() => generateQueries({ source: 'generated-test', seed: 0, count: 100_000 })).toThrow(
      /ask for fewer/,
    );
  });

  it('have reference code that passes all tests, and mutants that each fail one', async () => {
    const sandbox = await testSandbox();
    const codes = train.filter(({ gold }) => gold.kind === 'code').slice(0, 20);
    for (const query of codes) {
      if (query.gold.kind !== 'code') continue;
      const { tests, reference = '' } = query.gold;
      const verdicts = async (code: string): Promise<string[]> =>
        (await sandbox.runCode({ code, tests, timeoutMs: 10_000 }, never)).tests.map(({ status }) => status);
      expect(await verdicts(reference)).toEqual(tests.map(() => 'pass'));
      const [modal = '', ...others] = mutantsOf(query, createDraws(query.id));
      expect((await verdicts(modal)).filter((status) => status === 'fail')).toHaveLength(1);
      for (const mutant of others) expect(await verdicts(mutant)).toContain('fail');
    }
  });
});
