/**
 * How to reach Temporal: TEMPORAL_* settings and profiles (address, TLS, API key) by @temporalio/envconfig; the product's
 * configuration has the last word on the address. An absent address means that none is configured.
 */
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import type { Config } from './config/schema.ts';

export interface TemporalSettingsOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
}

export function temporalSettings({
  config,
  env,
}: TemporalSettingsOptions): ClientConnectConfig['connectionOptions'] {
  const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { connectionOptions } = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
  const address = env['TEMPORAL_ADDRESS'] || config.temporal.address || connectionOptions.address;
  return { ...connectionOptions, ...(address === undefined ? {} : { address }) };
}

export function unreachable(address: string | undefined, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `no Temporal server answers at ${address ?? 'the default address'}: ${reason}; check TEMPORAL_ADDRESS`,
    {
      cause,
    },
  );
}
