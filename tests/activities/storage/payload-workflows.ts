/** Workflows of payload-storage.test.ts: big values through input, signal, activity, heartbeat and result. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

interface PayloadActivities {
  double(text: string): Promise<string>;
  /** Fails once after a heartbeat with `text`, then returns what the heartbeat carried. */
  remember(text: string): Promise<string>;
  tooLarge(): Promise<string>;
}

const activities = proxyActivities<PayloadActivities>({
  startToCloseTimeout: '60 s',
  heartbeatTimeout: '20 s',
});

export const bigSignal = defineSignal<[string]>('big');

export async function carryPayloads(input: string): Promise<string> {
  let signalled = '';
  setHandler(bigSignal, (text) => void (signalled = text));
  await condition(() => signalled !== '');
  const doubled = await activities.double(input);
  const remembered = await activities.remember(signalled);
  return `${doubled}|${remembered}`;
}

export async function carryTooMuch(): Promise<string> {
  return activities.tooLarge();
}
