/** Starts a dataset build and waits for its end, whatever happens to the connection meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, ServiceError } from '@temporalio/client';
import { createMasClient, type MasClient } from '../../../clients/client.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';

const againAfterMs = 500;

export async function buildPatiently(
  address: string,
  request: DatasetRequest,
  name: string,
): Promise<DatasetResult> {
  await withClient(address, (client) => client.dataset.start(request, { name }));
  for (;;) {
    try {
      return await withClient(address, (client) => client.dataset.result(name));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      await sleep(againAfterMs);
    }
  }
}

async function withClient<R>(address: string, use: (client: MasClient) => Promise<R>): Promise<R> {
  const connection = await Connection.connect({ address }).catch(async () => {
    await sleep(againAfterMs);
    return undefined;
  });
  if (!connection) return withClient(address, use);
  try {
    return await use(createMasClient(connection));
  } finally {
    await connection.close();
  }
}
