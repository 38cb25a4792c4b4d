/** A worker in little, as a process of its own: `launch-attempt.ts JSON` launches one attempt once it is told to (a line on stdin, or `now`), prints who runs, and stays. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { productScript } from '../../clients/dev/product-script.ts';
import type { ScopeKind } from '../../activities/training/launcher.ts';
import { localAttempts } from './local-attempts.ts';

export interface LaunchOrder {
  readonly program: string;
  readonly scopeKinds: readonly ScopeKind[];
  /** Starts without waiting for a line. */
  readonly now?: boolean;
  /** Where the attempt's directory is made; default: a new one. */
  readonly root?: string;
}

/** Arguments for Node. */
export function launchCommand(order: LaunchOrder): string[] {
  return [
    ...productScript('workers/main.ts').slice(0, 2),
    fileURLToPath(import.meta.url),
    JSON.stringify(order),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { program, scopeKinds, now, root } = JSON.parse(process.argv[2] ?? '') as LaunchOrder;
  const attempts = await localAttempts({ scopeKinds }, root);
  if (!now) await once(process.stdin, 'data');
  const launched = await attempts.start(program);
  process.stdout.write(`${JSON.stringify({ ...launched, root: attempts.root })}\n`);
  setInterval(() => {}, 60_000);
}
