/** A program's ceilings on tokens and cost: worst cases set aside, the overrun told before it happens. */
import { expect, test } from 'vitest';
import { createAllowance } from '../../../activities/mas/allowance.ts';
import { noCallUsage } from '../../../activities/mas/journal.ts';
import type { HostCall } from '../../../workflows/shared/program.ts';

const prices = { in: 1, cached: 0.5, out: 2 };
/** At most 16 + 16 + 4 tokens in and 100 out: 136 tokens, $0.000236. */
const chat: HostCall = {
  method: 'chat',
  args: { messages: [{ role: 'user', content: 'four' }], temperature: 0, maxTokens: 100 },
};
const code: HostCall = { method: 'executeCode', args: { code: 'output = 1', timeoutS: 1 } };
const used = (tokensOut: number) => ({ ...noCallUsage, tokensOut, costUsd: (tokensOut * 2) / 1e6 });

test('a call goes out while its worst case fits, waits while others hold the rest, and ends the program when it never can', () => {
  const allowance = createAllowance({ maxTokens: 300 }, prices);
  expect(allowance.check(chat)).toBe('free');
  const first = allowance.take(chat);
  const second = allowance.take(chat);
  expect(allowance.check(chat)).toBe('wait');
  expect(allowance.check(code)).toBe('free');
  first(used(30));
  expect(allowance.check(chat)).toBe('wait');
  second(used(20));
  expect(allowance.check(chat)).toBe('free');
  allowance.count(used(135));
  expect(allowance.check(chat)).toEqual({
    kind: 'tokenLimit',
    message: 'maxTokens is 300: 185 used, and the next call may take 136',
  });
  expect(allowance.check(code)).toBe('free');
});

test('money is counted likewise, and no limit is no limit', () => {
  const allowance = createAllowance({ maxCostUsd: 0.0005 }, prices);
  allowance.take(chat)(used(100));
  expect(allowance.check(chat)).toBe('free');
  allowance.take(chat)(used(100));
  expect(allowance.check(chat)).toEqual({
    kind: 'costLimit',
    message: 'maxCostUsd is 0.0005: 0.0004 used, and the next call may take 0.000236',
  });
  const free = createAllowance({}, prices);
  free.count(used(1e12));
  expect(free.check(chat)).toBe('free');
});
