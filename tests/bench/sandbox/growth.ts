/** What zygote and host process come to hold over 20,000 programs of two calls that one zygote makes. */
import { readdirSync } from 'node:fs';
import type { Child } from '../../../activities/sandbox/child.ts';
import type { Zygote } from '../../../activities/sandbox/zygote.ts';

const programs = 20_000;
/** After so many, caches are full and the heap has its size. */
const settled = 2_000;
const atOnce = 8;

interface Growth {
  readonly zygoteRssGrowthMb20k: number;
  readonly hostRssGrowthMb20k: number;
  /** Of both. */
  readonly descriptorGrowth20k: number;
}

export async function measureGrowth(zygote: Zygote, run: (child: Child) => Promise<void>): Promise<Growth> {
  let left = settled;
  const work = async (): Promise<void> => {
    while (left-- > 0) await run(await zygote.connect());
  };
  const all = async (): Promise<void> => void (await Promise.all(Array.from({ length: atOnce }, work)));
  await all();
  const before = holdings(zygote);
  left = programs;
  await all();
  const after = holdings(zygote);
  const mb = (bytes: number): number => Math.round(bytes / (1 << 20));
  return {
    zygoteRssGrowthMb20k: mb(after.zygoteBytes - before.zygoteBytes),
    hostRssGrowthMb20k: mb(after.hostBytes - before.hostBytes),
    descriptorGrowth20k: after.descriptors - before.descriptors,
  };
}

function holdings(zygote: Zygote): { zygoteBytes: number; hostBytes: number; descriptors: number } {
  globalThis.gc?.();
  return {
    zygoteBytes: zygote.growth.rssBytes,
    hostBytes: process.memoryUsage.rss(),
    descriptors: zygote.growth.descriptors + readdirSync('/proc/self/fd').length,
  };
}
