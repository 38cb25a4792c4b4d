/** A Temporal server that suggests continue-as-new at a size of history that the suite's server would take minutes to reach. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureTemporalBinary } from '../../clients/dev/temporal-binary.ts';
import { startTemporalServer } from '../../clients/dev/temporal-server.ts';

export async function startImpatientTemporal(
  events: number,
  options: { readonly searchAttributes?: false } = {},
): Promise<{ readonly address: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'masgpt-temporal-'));
  const server = await startTemporalServer({
    binary: await ensureTemporalBinary({ note: () => {} }),
    logFile: join(directory, 'temporal.log'),
    uiPort: false,
    ...options,
    dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': String(events) },
  });
  return {
    address: server.address,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
