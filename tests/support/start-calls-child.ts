/** Starts calls-child.ts as a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ChildReport, ChildTask } from './calls-child.ts';

export interface CallsChild {
  start(): void;
  readonly report: Promise<ChildReport>;
  kill(): Promise<void>;
}

export async function startCallsChild(task: ChildTask): Promise<CallsChild> {
  const script = fileURLToPath(new URL('calls-child.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(task)], { execArgv: ['--import', 'tsx'] });
  await once(child, 'message');
  const report = new Promise<ChildReport>((resolve, reject) => {
    child.once('message', (message) => resolve(message as ChildReport));
    child.once('exit', () => reject(new Error('the child ended without a report')));
  });
  report.catch(() => {});
  return {
    start: () => void child.send('start'),
    report,
    async kill() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
