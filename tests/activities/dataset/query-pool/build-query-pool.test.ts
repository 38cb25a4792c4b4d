/** A pool from several sources: what is dropped and why, how the sample is drawn, and that the order of the files changes nothing. */
import { describe, expect, it } from 'vitest';
import {
  buildQueryPool,
  type PoolOptions,
} from '../../../../activities/dataset/query-pool/build-query-pool.ts';
import { paperSizes, sampleQueries } from '../../../../activities/dataset/query-pool/sample.ts';
import { createRandom } from '../../../../activities/dataset/random.ts';
import type { Gold, Query } from '../../../../workflows/shared/query.ts';
import { evilCorpus } from '../../../support/evil-corpus.ts';
import { plainQuery } from '../../../support/plain-query.ts';

const options: PoolOptions = {
  ...{ seed: 0, sample: {}, nearJaccard: 0.8, maskNumbers: true, leaveOut: undefined },
};
const words = (key: string, count = 30): string => {
  const random = createRandom(key);
  const letter = (): string => random.pick([...'abcdefghijklmnopqrstuvwxyz']);
  return Array.from({ length: count }, () => `${letter()}${letter()}${letter()}${letter()}`).join(' ');
};
const many = (count: number, source: string, subjects: readonly string[]): Query[] =>
  Array.from({ length: count }, (_, index) =>
    plainQuery(words(`${source}/${index}`), String(index), {
      source,
      subject: subjects[index % subjects.length] ?? '',
    }),
  );
const fateOf = (built: ReturnType<typeof buildQueryPool>) =>
  Object.fromEntries(built.findings.counts.map(({ source, fates }) => [source, fates]));

describe('buildQueryPool', () => {
  const base = words('base');
  const given = [
    plainQuery(base, '1,000'),
    plainQuery(base.toUpperCase(), '1000.0', { source: 'math' }),
    plainQuery(`${base} indeed`, '1000', { source: 'aqua' }),
    plainQuery(words('conflict'), '1'),
    plainQuery(`  ${words('conflict')}\n`, '2', { source: 'math' }),
    plainQuery(words('evaluated'), '3'),
    plainQuery(words('own'), '4'),
  ];
  const evaluation = { name: 'gsm8k', queries: [plainQuery(`Now ${words('evaluated')}`, '5')] };

  it('drops conflicts, duplicates, near-duplicates and what is evaluated, each with its reason', () => {
    const built = buildQueryPool(given, [evaluation], options);
    expect(built.queries.map(({ text }) => text)).toContain(words('own'));
    expect(built.queries).toHaveLength(2);
    const { findings } = built;
    expect(findings.conflicts.map((group) => group.map(({ gold }) => gold).toSorted())).toEqual([['1', '2']]);
    expect(findings.duplicates).toHaveLength(1);
    expect(findings.nearDuplicates).toEqual([
      expect.objectContaining({ sameGold: true, jaccard: expect.closeTo(28 / 29, 3) as number }),
    ]);
    expect(findings.contaminated).toEqual([
      {
        ...{ id: given[5]?.id, source: 'gsm8k', pairs: 1 },
        listed: [
          {
            set: 'gsm8k',
            id: evaluation.queries[0]?.id,
            rule: 'gram',
            overlap: expect.any(Number) as number,
          },
        ],
      },
    ]);
    const read = findings.counts.flatMap(({ fates }) => Object.values(fates));
    expect(read.reduce((sum, count) => sum + count, 0)).toBe(given.length);
    const known = new Set([...built.queries, ...built.others].map(({ id }) => id));
    const named = [
      ...findings.duplicates.flatMap(({ id, of }) => [id, of]),
      ...findings.nearDuplicates.flatMap(({ id, of }) => [id, of]),
      ...findings.contaminated.flatMap(({ id, listed }) => [id, ...listed.map((pair) => pair.id)]),
      ...findings.conflicts.flat().map(({ id }) => id),
    ];
    expect(named.filter((id) => !known.has(id))).toEqual([]);
  });

  it('gives the same for any order of queries, sets and files', () => {
    const all = [...given, ...many(60, 'sciq', ['a', 'b', 'c'])];
    const sets = [evaluation, { name: 'other', queries: many(5, 'sciq', ['a']) }];
    const sampled = { ...options, sample: { sciq: 20 }, seed: 3 };
    const first = buildQueryPool(all, sets, sampled);
    for (const turn of [1, 2, 3]) {
      const { shuffle } = createRandom(`order ${turn}`);
      const again = buildQueryPool(
        shuffle(all),
        shuffle(sets).map((set) => ({ ...set, queries: shuffle(set.queries) })),
        sampled,
      );
      expect(again).toEqual(first);
    }
    expect(first.queries.map(({ id }) => id)).toEqual(first.queries.map(({ id }) => id).toSorted());
  });

  it('holds a source out, with what the others share with it', () => {
    const held = many(20, 'sciq', ['']);
    const copy = plainQuery(held[7]?.text ?? '', '7', { source: 'mmlu' });
    const built = buildQueryPool([...held, copy, ...given], [], { ...options, leaveOut: 'sciq' });
    expect(built.heldOut).toHaveLength(20);
    expect(built.queries.some(({ source }) => source === 'sciq')).toBe(false);
    expect(built.findings.contaminated).toMatchObject([
      { id: copy.id, listed: [{ set: 'held-out', id: held[7]?.id, rule: 'sameText' }] },
    ]);
    expect(fateOf(built)).not.toHaveProperty('sciq');
  });

  it('keeps other tests and the missing gold out of conflicts; other options in another order are the same', () => {
    const text = words('code');
    const code = (test: string) =>
      ({ kind: 'code', entryPoint: 'f', form: 'asserts', tests: [test], prelude: '' }) satisfies Gold;
    const choice = (letter: string, list: string[]) =>
      plainQuery(`Which one?\n(A) ${list[0]}\n(B) ${list[1]}`, { kind: 'choice', letter, options: list });
    const built = buildQueryPool(
      [
        plainQuery(text, code('assert f(1)'), { source: 'mbpp' }),
        plainQuery(text, code('assert f(2)'), { source: 'humaneval' }),
        plainQuery(words('none'), { kind: 'none' }),
        plainQuery(words('none'), '5'),
        choice('A', ['red', 'blue']),
        choice('B', ['blue', 'red']),
      ],
      [],
      options,
    );
    expect(built.findings.conflicts).toEqual([]);
    expect(built.queries).toHaveLength(3);
    expect(built.queries.find(({ text: kept }) => kept === words('none'))?.gold.kind).toBe('number');
    const wrong = buildQueryPool([choice('A', ['red', 'blue']), choice('A', ['blue', 'red'])], [], options);
    expect(wrong.findings.conflicts).toHaveLength(1);
    expect(wrong.queries).toEqual([]);
  });

  it('takes hostile texts as data', () => {
    const evil = Object.values(evilCorpus).map((text, index) =>
      plainQuery(text, String(index), { subject: text.slice(0, 100) }),
    );
    const built = buildQueryPool(evil, [{ name: 'gsm8k', queries: evil.slice(0, 3) }], options);
    const counted = built.findings.counts.flatMap(({ fates }) => Object.values(fates));
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(evil.length);
    expect(built.findings.contaminated.length).toBeGreaterThanOrEqual(3);
  });
});

describe('sampleQueries', () => {
  it('takes the size asked for of each source, shared out to its subjects', () => {
    const queries = [...many(90, 'math', ['algebra', 'algebra', 'geometry']), ...many(10, 'aqua', [''])];
    const { kept, short } = sampleQueries(queries, { math: 31, aqua: 50, mmlu: 5 }, 0);
    const count = (subject: string, source = 'math'): number =>
      kept.filter((query) => query.source === source && query.subject === subject).length;
    expect([count('algebra'), count('geometry'), count('', 'aqua')]).toEqual([21, 10, 10]);
    expect(short).toEqual([
      { source: 'aqua', asked: 50, had: 10 },
      { source: 'mmlu', asked: 5, had: 0 },
    ]);
  });

  it('draws others with another seed, the same with the same, and keeps most when queries are added', () => {
    const queries = many(400, 'math', ['a', 'b']);
    const ids = (from: readonly Query[], seed: number): string[] =>
      sampleQueries(from, { math: 100 }, seed).kept.map(({ id }) => id);
    expect(ids(queries, 1)).toEqual(ids(queries, 1));
    expect(ids(queries.toReversed(), 1).toSorted()).toEqual(ids(queries, 1).toSorted());
    const shared = ids(queries, 2).filter((id) => ids(queries, 1).includes(id));
    expect(shared.length).toBeLessThan(50);
    const grown = new Set(ids([...queries, ...many(440, 'math', ['a', 'b']).slice(400)], 1));
    expect(ids(queries, 1).filter((id) => grown.has(id)).length).toBeGreaterThan(75);
  });

  it("knows the paper's sizes", () => {
    expect(Object.values(paperSizes).reduce((sum, size) => sum + size, 0)).toBe(12_222);
  });
});
