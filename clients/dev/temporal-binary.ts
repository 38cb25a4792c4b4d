/**
 * Finds or makes the Temporal CLI that carries the development server: on PATH, in the product's cache, downloaded as
 * the SDK does it, or built once with Go. Otherwise an error names each thing tried and what to install.
 */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { buildTemporal, temporalVersion } from './build-temporal.ts';
import { cacheDirectory } from '../../workers/host/directories.ts';
import { downloadTemporal } from './download-temporal.ts';

export interface TemporalBinaryOptions {
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Looks only; makes nothing. */
export async function findTemporalBinary(): Promise<string | undefined> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'temporal'));
  for (const file of [...onPath, cachedBinary()]) {
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

export function cachedBinary(): string {
  return join(cacheDirectory(), 'temporal', temporalVersion, 'temporal');
}

export async function ensureTemporalBinary(options: TemporalBinaryOptions): Promise<string> {
  const found = await findTemporalBinary();
  if (found) return found;
  const tried = ['`temporal` on PATH: not there', `${cachedBinary()}: not there`];
  for (const [name, make] of [
    ['download', downloadTemporal],
    ['build with Go', buildTemporal],
  ] as const) {
    options.signal?.throwIfAborted();
    try {
      return await make(cachedBinary(), options);
    } catch (error) {
      tried.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `no Temporal server. Tried:\n${tried.map((line) => `  - ${line}`).join('\n')}\n` +
      'Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.26 or newer, or set TEMPORAL_ADDRESS to a server of your own',
  );
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
