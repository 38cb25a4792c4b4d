/** Workers in this process, and worker programs of their own that a test may kill. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';

/** One worker per item of `queues`, with what is `shared`. Disposing drains them. */
export async function runWorkers(
  address: string,
  shared: Omit<WorkerOptions, 'taskQueue' | 'connection'>,
  queues: readonly WorkerOptions[],
): Promise<AsyncDisposable> {
  const connection = await NativeConnection.connect({ address });
  const workers: Worker[] = [];
  for (const queue of queues) workers.push(await Worker.create({ connection, ...shared, ...queue }));
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

export interface WorkerProcess {
  readonly pid: number;
  readonly running: () => boolean;
  /** Returns once it is gone. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** Node with `args`; returns once a line of its output says `ready`. */
export async function startWorkerProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('ready')) break;
  child.stdout.resume();
  return {
    pid: child.pid ?? 0,
    running: () => child.exitCode === null && child.signalCode === null,
    async kill(signal) {
      child.kill(signal);
      await exited;
    },
  };
}
