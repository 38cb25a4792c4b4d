/** What the parts of `bench dataset` share: the stack's client, database and blobs, and a worker that holds the bare workflow only. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Blobs } from '../../../activities/storage/blobs.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { openDatabase } from '../../../activities/storage/database.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import { createMasClient, type MasClient } from '../../../clients/client.ts';
import type { BenchStack } from '../support/bench-stack.ts';

export interface DatasetBench extends AsyncDisposable {
  readonly stack: BenchStack;
  readonly temporal: Client;
  readonly client: MasClient;
  readonly database: Database;
  readonly blobs: Blobs;
  /** Queue of the worker that holds `runBatches`. */
  readonly bareQueue: string;
  readonly note: (text: string) => void;
}

export async function openDatasetBench(
  stack: BenchStack,
  note: (text: string) => void,
): Promise<DatasetBench> {
  const { address } = stack.temporal;
  const database = openDatabase(stack.databaseUrl, { max: 2 });
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const temporal = new Client({ connection });
  const bareQueue = 'bench';
  const worker = await Worker.create({
    connection: native,
    taskQueue: bareQueue,
    workflowsPath: fileURLToPath(new URL('../workflows.ts', import.meta.url)),
  });
  const running = worker.run();
  return {
    ...{ stack, temporal, database, bareQueue, note },
    client: createMasClient(temporal),
    blobs: createDirectoryBlobs(`${stack.home}/blobs`),
    async [Symbol.asyncDispose]() {
      worker.shutdown();
      await running;
      await connection.close();
      await native.close();
      await database.destroy();
    },
  };
}
