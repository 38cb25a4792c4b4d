/** A Temporal client whose big payloads travel through the store, as the workers' do. */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { createDataConverter } from '../activities/storage/payload-storage.ts';
import type { Database } from '../activities/storage/tables.ts';
import { temporalSettings, type TemporalSettingsOptions, unreachable } from '../workers/temporal-settings.ts';

export async function connectClient(
  options: TemporalSettingsOptions & { readonly database: Database },
): Promise<Client> {
  const settings = temporalSettings(options);
  const connection = await Connection.connect({
    ...(settings as ConnectionOptions),
    connectTimeout: '10 s',
  }).catch((cause: unknown) => {
    throw unreachable(settings.address, cause);
  });
  const { namespace } = options.config.temporal;
  return new Client({ connection, namespace, dataConverter: createDataConverter(options.database) });
}
