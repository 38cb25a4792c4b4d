/** Live programs are a cache: bounded, one user at a time, thrown away without harm. */
import { expect, it } from 'vitest';
import { type Cached, createSessionCache } from '../../../activities/mas/session-cache.ts';

type Item = { id: string } & Cached;

function items() {
  const log: string[] = [];
  let count = 0;
  const create =
    (name: string, bytes = 1) =>
    async () => {
      count += 1;
      const id = `${name}${count}`;
      log.push(`+${id}`);
      return { id, bytes, [Symbol.asyncDispose]: async () => void log.push(`-${id}`) };
    };
  return { log, create };
}

it('keeps an item between uses, and lets one user in at a time', async () => {
  await using cache = createSessionCache<Item>();
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
  const cache = createSessionCache<Item>({ maxCount: 2, maxIdleMs: 300 });
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

it('holds no more memory than it may, except for what is in use', async () => {
  const { log, create } = items();
  await using cache = createSessionCache<Item>({ maxBytes: 10 });
  const touch = (key: string, bytes: number) => cache.use(key, create(key, bytes), async ({ id }) => id);
  await touch('a', 4);
  await touch('b', 4);
  await cache.use('c', create('c', 9), async () => {
    expect(await touch('d', 2)).toBe('d4');
    expect(log).toEqual(['+a1', '+b2', '+c3', '+d4', '-a1', '-b2', '-d4']);
  });
  expect(await touch('c', 0)).toBe('c3');
});

it.each(['made', 'used'] as const)('leaves nothing of one that is evicted while it is %s', async (when) => {
  const { log, create } = items();
  await using cache = createSessionCache<Item>();
  const making = create('a');
  const evict = () => cache.evict('a');
  const use = cache.use(
    'a',
    async () => {
      const item = await making();
      if (when === 'made') await evict();
      return item;
    },
    async (item) => {
      await evict();
      throw new Error(`the ${item.id} is gone`);
    },
  );
  await expect(use).rejects.toThrow(when === 'made' ? 'given up while' : 'the a1 is gone');
  expect(log).toEqual(['+a1', '-a1']);
  // Who comes later gets a new one.
  expect(await cache.use('a', create('a'), async ({ id }) => id)).toBe('a2');
});
