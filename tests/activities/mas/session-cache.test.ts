/** Live programs are a cache: bounded, one user at a time, thrown away without harm. */
import { expect, it } from 'vitest';
import { createSessionCache } from '../../../activities/mas/session-cache.ts';

function items() {
  const log: string[] = [];
  let count = 0;
  const create = (name: string) => async () => {
    count += 1;
    const id = `${name}${count}`;
    log.push(`+${id}`);
    return { id, [Symbol.asyncDispose]: async () => void log.push(`-${id}`) };
  };
  return { log, create };
}

it('keeps an item between uses, and lets one user in at a time', async () => {
  await using cache = createSessionCache<{ id: string } & AsyncDisposable>();
  const { log, create } = items();
  let inside = 0;
  const use = () =>
    cache.use('a', create('a'), async ({ id }) => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
      return id;
    });
  expect(await Promise.all([use(), use(), use()])).toEqual(['a1', 'a1', 'a1']);
  expect(log).toEqual(['+a1']);
});

it('evicts the one used longest ago, the idle, and those whose use failed', async () => {
  const { log, create } = items();
  const cache = createSessionCache<{ id: string } & AsyncDisposable>({ maxCount: 2, maxIdleMs: 300 });
  const touch = (key: string) => cache.use(key, create(key), async ({ id }) => id);
  await touch('a');
  await touch('b');
  await touch('a');
  await touch('c');
  await expect.poll(() => log).toEqual(['+a1', '+b2', '+c3', '-b2']);
  await expect(cache.use('c', create('c'), () => Promise.reject(new Error('broke')))).rejects.toThrow(
    'broke',
  );
  expect(log.at(-1)).toBe('-c3');
  await expect.poll(() => log).toContain('-a1');
  expect(await touch('a')).toBe('a4');
  await cache[Symbol.asyncDispose]();
  expect(log.at(-1)).toBe('-a4');
});
