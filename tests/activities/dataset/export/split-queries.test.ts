/** Splits: what must not be apart is not, whatever the texts, shares and seeds; and near-duplicates are found without a miss. */
import { describe, expect, it } from 'vitest';
import { clusterOf, nearRule } from '../../../../activities/dataset/export/near-clusters.ts';
import { type SplitQuery, splitQueries } from '../../../../activities/dataset/export/split-queries.ts';
import { createRandom, type Random } from '../../../../activities/dataset/random.ts';

const words = 'red green blue one two three cat dog sun moon tree lake ship road town bell'.split(' ');

/** Texts of few words, some of them small changes of earlier ones. */
function randomTexts(random: Random, count: number): string[] {
  const texts: string[][] = [];
  for (let index = 0; index < count; index++) {
    const earlier = texts.length > 0 && random.next() < 0.5 ? random.pick(texts) : undefined;
    const text = earlier
      ? [...earlier]
      : Array.from({ length: random.between(1, 30) }, () => random.pick(words));
    if (earlier && random.next() < 0.7) text[random.between(0, text.length - 1)] = random.pick(words);
    texts.push(text);
  }
  return texts.map((text) => text.join(' '));
}

/** The definition, without a short cut. */
function similar(a: string, b: string): boolean {
  const [own, other] = [a, b].map((text) => {
    const list = text.split(' ');
    const size = Math.min(nearRule.shingleWords, list.length);
    return new Set(list.slice(0, list.length - size + 1).map((_, at) => list.slice(at, at + size).join(' ')));
  }) as [Set<string>, Set<string>];
  const shared = [...own].filter((run) => other.has(run)).length;
  return shared / (own.size + other.size - shared) >= nearRule.jaccard;
}

describe('clusters of near-duplicates', () => {
  it('are the connected components over all similar pairs', () => {
    for (let seed = 0; seed < 6; seed++) {
      const texts = randomTexts(createRandom(`texts/${seed}`), 40);
      const first = texts.map((_, index) => index);
      for (let changed = true; changed;) {
        changed = false;
        for (const [a, text] of texts.entries())
          for (const [b, other] of texts.entries())
            if (first[a] !== first[b] && similar(text, other)) {
              first[a] = first[b] = Math.min(first[a] as number, first[b] as number);
              changed = true;
            }
      }
      expect(clusterOf(texts)).toEqual(first);
    }
  });

  it('see the same story with other numbers, not another story', () => {
    const story = (n: number, m: string) =>
      `Tom has ${n} apples and gives ${m} of them to Ann. How many are left?`;
    const texts = [
      story(5, '2'),
      story(1_200, '3.5'),
      'A train leaves at noon and drives west for an hour.',
      '',
    ];
    expect(clusterOf(texts)).toEqual([0, 0, 2, 3]);
  });
});

function randomQueries(random: Random, count: number): SplitQuery[] {
  return randomTexts(random, count).map((text, index) => ({
    id: index.toString(16).padStart(32, '0'),
    text,
    group: random.next() < 0.9 ? random.pick(['a', 'b', 'c', 'd']) : undefined,
    program: random.next() < 0.8 ? random.pick(words) : undefined,
  }));
}

describe('splits', () => {
  it('keep together what must not be apart, and never pass a share', () => {
    for (let seed = 0; seed < 8; seed++) {
      const random = createRandom(`queries/${seed}`);
      const queries = randomQueries(random, random.between(0, 120));
      for (const apart of ['cluster', 'group', 'program'] as const) {
        const options = { validation: 0.2, test: 0.1, apart };
        const { of, clusters } = splitQueries(queries, options, seed);
        const kinds = new Map<string, string>();
        for (const [index, query] of queries.entries()) {
          const keys = [`cluster ${clusters[index]}`];
          const key = apart === 'cluster' ? undefined : query[apart];
          if (key !== undefined) keys.push(`key ${key}`);
          for (const one of keys) {
            expect(kinds.get(one) ?? of[index]).toBe(of[index]);
            kinds.set(one, of[index] as string);
          }
        }
        for (const split of ['validation', 'test'] as const)
          expect(of.filter((own) => own === split).length).toBeLessThanOrEqual(
            Math.round(options[split] * queries.length),
          );
        expect(splitQueries(queries, options, seed)).toEqual({ of, clusters, units: expect.any(Number) });
      }
    }
  });

  it('meet the shares where queries are unlike, by the seed', () => {
    const queries = Array.from({ length: 200 }, (_, index) => ({
      id: index.toString(16).padStart(32, '0'),
      text: Array.from({ length: 9 }, (_unused, at) => `${'abcdefghi'[at]}${'xy'[(index >> at) & 1]}`).join(
        ' ',
      ),
    }));
    const options = { validation: 0.1, test: 0.05, apart: 'cluster' } as const;
    const { of, units } = splitQueries(queries, options, 1);
    expect(units).toBe(200);
    expect(of.filter((split) => split === 'validation')).toHaveLength(20);
    expect(of.filter((split) => split === 'test')).toHaveLength(10);
    expect(splitQueries(queries, options, 2).of).not.toEqual(of);
  });
});
