/** Process entry: parses foreign files as the `ImportRequest` on standard input says, and prints one JSON line per event. */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import {
  type ImportEvent,
  importEvents,
  type ImportRequest,
} from '../../activities/benchmarks/importers/import-events.ts';

/** A line of what this process prints; `failed` is the last. */
export type ImportLine = ImportEvent | { readonly failed: string };

try {
  const request = JSON.parse(await text(process.stdin)) as ImportRequest;
  for await (const event of importEvents(request)) await print(event);
} catch (error) {
  await print({ failed: (error as Error).message });
}

async function print(line: ImportLine): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, 'drain');
}
