/** The package's `./dev`: the embedded stack, for development and tests. */
export { attachOrStartStack, type Stack, type StackOptions } from './clients/dev/stack.ts';
export { type PostgresServer, startPostgres } from './clients/dev/postgres.ts';
export { ensureTemporalBinary } from './clients/dev/temporal-binary.ts';
export { startTemporalServer, type TemporalServer } from './clients/dev/temporal-server.ts';
