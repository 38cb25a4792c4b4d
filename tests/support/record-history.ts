/**
 * Histories for tests/replay: `MASGPT_RECORD=1 npx vitest run tests/workflows` writes what its tests pass to `recordHistory`
 * into tests/replay/histories. A release adds its files and leaves those of earlier ones as they are.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const historiesDirectory = fileURLToPath(new URL('../replay/histories/', import.meta.url));

/** `name`: WORKFLOW-CASE, "answer-generated". Does nothing in an ordinary test run. */
export async function recordHistory(client: Client, workflowId: string, name: string): Promise<void> {
  if (!process.env['MASGPT_RECORD']) return;
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  await mkdir(historiesDirectory, { recursive: true });
  // Traces of errors name this machine's directories.
  const json = historyToJSON(history)
    .replaceAll(root, '')
    .replace(/"data": ?"([A-Za-z0-9+/=]+)"/g, withoutRoot);
  await writeFile(join(historiesDirectory, `${name}.json`), `${json}\n`);
}

/** Payloads are base64. */
function withoutRoot(field: string, data: string): string {
  const text = Buffer.from(data, 'base64').toString('latin1');
  return text.includes(root)
    ? field.replace(data, Buffer.from(text.replaceAll(root, ''), 'latin1').toString('base64'))
    : field;
}
