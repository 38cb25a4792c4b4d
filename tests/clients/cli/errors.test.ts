/** How a command ends badly: what stands on stderr. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { afterEach, expect, it, vi } from 'vitest';
import { reportError } from '../../../clients/cli/errors.ts';

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

it('says that Temporal does not answer, and that the run goes on', async () => {
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  const client = new Client({ connection });
  const deadline = Date.now() + 30_000;
  const thrown: unknown = await connection
    .withDeadline(deadline, () => client.workflow.getHandle('dataset/gone').result())
    .catch((error: unknown) => error);
  await connection.close();
  const written: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  await reportError(thrown, []);
  const [exitCode, text] = [process.exitCode, written.join('')];
  expect(text).toMatch(/^masgpt: Temporal does not answer: /);
  expect(text).toContain('the same command attaches to it');
  expect(exitCode).toBe(1);
}, 60_000);
