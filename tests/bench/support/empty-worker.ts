/** A worker process with nothing of the product: workflows.ts and an activity that does nothing. Ends with its standard input. */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] as string });
const worker = await Worker.create({
  connection,
  taskQueue: 'bench',
  workflowsPath: fileURLToPath(new URL('../workflows.ts', import.meta.url)),
  activities: { nothing: async () => {} },
});
process.stdin.resume().once('close', () => worker.shutdown());
const running = worker.run();
process.stdout.write('"ready"\n');
await running;
await connection.close();
