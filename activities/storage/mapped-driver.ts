/** Kysely's driver with one addition: whatever a connection throws passes through `toStorageFailure`. */
import type { DatabaseConnection, Driver } from 'kysely';
import { toStorageFailure } from './storage-failure.ts';

export function createMappedDriver(inner: Driver): Driver {
  const wrapped = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const innerOf = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const wrap = (connection: DatabaseConnection): DatabaseConnection => {
    const known = wrapped.get(connection);
    if (known) return known;
    const mapped: DatabaseConnection = {
      executeQuery: (query) => mapErrors(connection.executeQuery(query)),
      streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
    };
    wrapped.set(connection, mapped);
    innerOf.set(mapped, connection);
    return mapped;
  };
  const unwrap = (connection: DatabaseConnection): DatabaseConnection =>
    innerOf.get(connection) ?? connection;
  return {
    init: () => inner.init(),
    acquireConnection: async () => wrap(await mapErrors(inner.acquireConnection())),
    beginTransaction: (connection, settings) => inner.beginTransaction(connection, settings),
    commitTransaction: (connection) => inner.commitTransaction(connection),
    rollbackTransaction: (connection) => inner.rollbackTransaction(connection),
    releaseConnection: (connection) => inner.releaseConnection(unwrap(connection)),
    destroy: () => inner.destroy(),
  };
}

async function mapErrors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toStorageFailure(error);
  }
}
