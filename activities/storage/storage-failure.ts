/**
 * What PostgreSQL's outage looks like, as a failure of the table: a lost or refused connection, a server that starts or
 * stops, and a deadlock are `Storage.Unavailable` (retryable), a full disk is `Storage.Full`. All else stays as it is.
 */
import { failure } from '../failure.ts';

const unavailableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT', // a unix socket that is gone
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  '53300', // too_many_connections
  '55006', // object_in_use
  '55P03', // lock_not_available
  '40001', // serialization_failure
  '40P01', // deadlock_detected
]);
/** Connection exceptions and operator intervention (shutdown, crash, starting up). */
const unavailableClasses = ['08', '57'];
const unavailableMessages = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Client has encountered a connection error',
  'Client was closed',
];

export function toStorageFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === '53100' || code === 'ENOSPC') {
    return failure(
      'Storage.Full',
      'the disk of PostgreSQL is full: free space there; the work goes on by itself',
      {
        cause: error,
      },
    );
  }
  if (!isUnavailable(error, code)) return error;
  return failure(
    'Storage.Unavailable',
    `PostgreSQL does not answer (${code || error.message}): start it or correct DATABASE_URL; the work goes on by itself`,
    { cause: error },
  );
}

function isUnavailable(error: Error, code: string): boolean {
  if (unavailableCodes.has(code)) return true;
  if (/^[0-9A-Z]{5}$/.test(code) && unavailableClasses.some((start) => code.startsWith(start))) return true;
  return unavailableMessages.some((part) => error.message.includes(part));
}

function codeOf(error: Error): string {
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') return code;
  // Node reports a host with several addresses as one error around theirs.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return first instanceof Error ? codeOf(first) : '';
}
