/** The next smaller micro-batch with the same global batch: half, or the next divisor below. */
import type { SmallerBatch } from '../../../workflows/training/contract.ts';

/** Undefined at a micro-batch of 1. */
export function smallerBatch({ batchSize, gradientAccumulation }: SmallerBatch): SmallerBatch | undefined {
  const globalBatch = batchSize * gradientAccumulation;
  for (let smaller = Math.floor(batchSize / 2); smaller >= 1; smaller -= 1) {
    if (globalBatch % smaller === 0)
      return { batchSize: smaller, gradientAccumulation: globalBatch / smaller };
  }
  return undefined;
}
