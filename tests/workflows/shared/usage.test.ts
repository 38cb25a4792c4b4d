import { describe, expect, it } from 'vitest';
import { addUsage, noUsage } from '../../../workflows/shared/usage.ts';

describe('addUsage', () => {
  it('gives the same sum in whatever order calls end', () => {
    const calls = [0.0000001, 0.0000002, 0.0000003, 0.00007, 0.0001].map((costUsd, index) => {
      return { llmCalls: 1, tokensIn: index, tokensCached: 0, tokensOut: 2, costUsd };
    });
    // Unrounded, these sums differ.
    const costs = (some: typeof calls) => some.reduce((sum, { costUsd }) => sum + costUsd, 0);
    expect(costs(calls)).not.toBe(costs(calls.toReversed()));
    const sum = (some: typeof calls) => some.reduce(addUsage, noUsage);
    expect(sum(calls)).toEqual(sum(calls.toReversed()));
    expect(sum(calls)).toMatchObject({ llmCalls: 5, tokensIn: 10, costUsd: 0.0001706 });
  });
});
