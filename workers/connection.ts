/** A worker's connection to Temporal. */
import { NativeConnection } from '@temporalio/worker';
import { temporalSettings, type TemporalSettingsOptions, unreachable } from './temporal-settings.ts';

export async function connectWorker(options: TemporalSettingsOptions): Promise<NativeConnection> {
  const settings = temporalSettings(options);
  return NativeConnection.connect(settings).catch((cause: unknown) => {
    throw unreachable(settings.address, cause);
  });
}
