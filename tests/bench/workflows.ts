/** Workflows of the benchmarks: a number of activities at once, or one after another. */
import { proxyActivities } from '@temporalio/workflow';

interface Activities {
  nothing(index: number): Promise<void>;
  call(index: number): Promise<void>;
}

const activities = proxyActivities<Activities>({
  startToCloseTimeout: '1 min',
  retry: { maximumAttempts: 1 },
});

/** `width` activities are always in flight. */
export async function fanOut(
  name: keyof Activities,
  from: number,
  count: number,
  width: number,
): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < from + count) await activities[name](next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
