/** What a test needs of the suite's real parts: a migrated database of its own, and task queues nobody else polls. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { migrate, openDatabase } from '../../activities/storage/database.ts';
import type { Database } from '../../activities/storage/tables.ts';

export interface FreshDatabase extends AsyncDisposable {
  readonly url: string;
  readonly database: Database;
}

export const temporal = { address: (): string => inject('temporalAddress') };

export function freshTaskQueue(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}

/** A copy of the migrated template; dropped when disposed. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await admin(async (client) => {
    await client.query('select pg_advisory_lock(7233)');
    await ensureTemplate(client);
    await client.query(`create database ${name} template ${template}`);
  });
  const url = urlOf(name);
  const database = openDatabase(url);
  return {
    url,
    database,
    async [Symbol.asyncDispose]() {
      await database.destroy();
      await admin((client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

const template = 'masgpt_template';

async function ensureTemplate(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [template]);
  if (rowCount) return;
  const building = `${template}_building`;
  await client.query(`drop database if exists ${building}`);
  await client.query(`create database ${building}`);
  const database = openDatabase(urlOf(building));
  await migrate(database).finally(() => database.destroy());
  await client.query(`alter database ${building} rename to ${template}`);
}

function urlOf(database: string): string {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

async function admin<T>(body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end();
  }
}
