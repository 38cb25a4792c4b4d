/** A worker process with nothing of the product: workflows.ts, bundled, and an activity that does nothing. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] as string });
const worker = await Worker.create({
  connection,
  taskQueue: 'bench',
  workflowBundle: { codePath: process.env['BENCH_BUNDLE'] as string },
  activities: { nothing: async () => {} },
});
process.stdin.resume().once('close', () => worker.shutdown());
const running = worker.run();
process.stdout.write('"ready"\n');
await running;
await connection.close();
