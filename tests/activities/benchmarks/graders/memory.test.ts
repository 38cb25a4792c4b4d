/** One piece of work per key, whoever asks; what failed or may be otherwise next time is done again. */
import { expect, it } from 'vitest';
import { createMemory } from '../../../../activities/benchmarks/graders/memory.ts';

it('works once for many that ask, at once and later, and once per key', async () => {
  let worked = 0;
  const memory = createMemory<number>(() => true);
  const work = async (): Promise<number> => {
    await new Promise((resolve) => setImmediate(resolve));
    return (worked += 1);
  };
  const asked = Array.from({ length: 20 }, () => memory.get({ b: 1, a: 2 }, work));
  expect(new Set(await Promise.all(asked))).toEqual(new Set([1]));
  expect(await memory.get({ a: 2, b: 1 }, work)).toBe(1);
  expect(await memory.get({ a: 2, b: 3 }, work)).toBe(2);
});

it('keeps no failure and nothing that it is told not to keep', async () => {
  const memory = createMemory<number>((result) => result > 2);
  let worked = 0;
  const work = async (): Promise<number> => {
    worked += 1;
    if (worked === 1) throw new Error('broken');
    return worked;
  };
  const outcomes = await Promise.allSettled([memory.get('x', work), memory.get('x', work)]);
  expect(outcomes).toMatchObject([
    { status: 'rejected', reason: expect.objectContaining({ message: 'broken' }) },
    { status: 'fulfilled', value: 2 },
  ]);
  expect(await memory.get('x', work)).toBe(3);
  expect(await memory.get('x', work)).toBe(3);
});

it('forgets the oldest', async () => {
  const memory = createMemory<number>(() => true);
  for (let key = 0; key <= 5_000; key++) await memory.get(key, async () => key);
  expect(await memory.get(5_000, async () => -1)).toBe(5_000);
  expect(await memory.get(0, async () => -1)).toBe(-1);
});
