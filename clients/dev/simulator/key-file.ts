/** Keeps the answer key over restarts of the stack: an append-only file of `Query` JSON lines, mode 0600. */
import { appendFile, readFile } from 'node:fs/promises';
import { type Query, querySchema } from '../../../workflows/shared/query.ts';

/** Lines that a crash cut off are skipped. */
export async function readKeyFile(path: string): Promise<Query[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    try {
      return [querySchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

export async function appendKeyFile(path: string, queries: readonly Query[]): Promise<void> {
  if (queries.length === 0) return;
  const lines = queries.map((query) => `${JSON.stringify(query)}\n`).join('');
  await appendFile(path, lines, { mode: 0o600 });
}
