/**
 * Temporal payloads over 128 KiB live in PostgreSQL; history carries a reference. Content-addressed: what is stored twice
 * is there once. Workers and clients of one store use the same converter.
 */
import { createHash } from 'node:crypto';
import {
  type DataConverter,
  ExternalStorage,
  type Payload,
  type StorageDriver,
  StorageDriverClaim,
} from '@temporalio/common';
import { sql } from 'kysely';
import { failure } from '../failure.ts';
import { outlastOutage } from './outlast-outage.ts';
import type { Database } from './tables.ts';

const thresholdBytes = 128 * 1024;
const maxBytes = 64 * 1024 * 1024;
/** A failed store while a heartbeat is sent would end the whole worker: an outage is waited out. */
const outageMs = 60_000;

/** Adds the storage to `given`, whose own converters and codecs stay: codecs run first, so what is stored is encoded. */
export function createDataConverter(database: Database, given: DataConverter = {}): DataConverter {
  if (given.externalStorage) return given;
  const externalStorage = new ExternalStorage({
    drivers: [createPayloadDriver(database)],
    payloadSizeThreshold: thresholdBytes,
  });
  return { ...given, externalStorage };
}

/** Throws `Payload.TooLarge` over 64 MiB. */
export function createPayloadDriver(database: Database): StorageDriver {
  return {
    name: 'masgpt-postgresql',
    type: 'masgpt.postgresql',
    store: (_context, payloads) => Promise.all(payloads.map((payload) => store(database, payload))),
    retrieve: (_context, claims) => Promise.all(claims.map((claim) => retrieve(database, claim))),
  };
}

async function store(database: Database, payload: Payload): Promise<StorageDriverClaim> {
  const data = encode(payload);
  if (data.length > maxBytes) {
    throw failure(
      'Payload.TooLarge',
      `a payload of ${data.length} bytes is over the limit of ${maxBytes}: store it as a blob and pass its address`,
    );
  }
  const sha256 = createHash('sha256').update(data).digest('hex');
  await outlastOutage(outageMs, async () => {
    // Most repetitions need not send the bytes again.
    const { rows } = await sql<{ isFresh: boolean }>`
      select used_at > now() - interval '1 day' as "isFresh" from payloads where sha256 = ${sha256}`.execute(
      database,
    );
    if (rows[0]?.isFresh) return;
    await database
      .insertInto('payloads')
      .values({ sha256, data })
      .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ used_at: sql<Date>`now()` }))
      .execute();
  });
  return new StorageDriverClaim({ sha256 });
}

async function retrieve(database: Database, claim: StorageDriverClaim): Promise<Payload> {
  const sha256 = claim.claimData['sha256'] ?? '';
  const row = await outlastOutage(outageMs, () =>
    database.selectFrom('payloads').select('data').where('sha256', '=', sha256).executeTakeFirst(),
  );
  if (!row) {
    throw failure(
      'Input.NotFound',
      `payload ${sha256} is not in this store: is this worker on another DATABASE_URL?`,
    );
  }
  if (createHash('sha256').update(row.data).digest('hex') !== sha256) {
    throw failure(
      'Storage.Corrupt',
      `payload ${sha256} no longer matches its address: restore the database from a copy`,
    );
  }
  return decode(row.data);
}

/** Four bytes: length of the header; the header: metadata as JSON of base64; then the data as it is. */
function encode(payload: Payload): Buffer {
  const metadata = Object.entries(payload.metadata ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const header = Buffer.from(
    JSON.stringify(
      Object.fromEntries(metadata.map(([name, value]) => [name, Buffer.from(value).toString('base64')])),
    ),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, payload.data ?? new Uint8Array()]);
}

function decode(bytes: Buffer): Payload {
  const end = 4 + bytes.readUInt32BE(0);
  const header = JSON.parse(bytes.subarray(4, end).toString()) as Record<string, string>;
  const metadata = Object.entries(header).map(([name, value]) => [
    name,
    new Uint8Array(Buffer.from(value, 'base64')),
  ]);
  return { metadata: Object.fromEntries(metadata), data: new Uint8Array(bytes.subarray(end)) };
}
