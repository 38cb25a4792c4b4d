/** Waits until another process's stack is ready, and gives its addresses; undefined when that stack went away. */
import type { Config } from '../../workers/config/schema.ts';
import { isStale, readStackFile, type StackParts } from './stack-file.ts';

export async function attach(
  home: string,
  options: {
    readonly config: Config;
    readonly note: (text: string) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<StackParts | undefined> {
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const file = await readStackFile(home);
    if (!file || isStale(file)) return undefined;
    if (file.parts) {
      refuseOther(file.parts, options.config, file.owner.pid);
      return file.parts;
    }
    if (!told)
      options.note(
        `waiting for the stack that process ${file.owner.pid} (masgpt ${file.purpose}) is starting`,
      );
    told = true;
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/** A stack on other servers than the ones configured now would silently work on other data. */
function refuseOther(parts: StackParts, config: Config, pid: number): void {
  const { address } = config.temporal;
  if (address && address !== parts.temporal.address) {
    throw new Error(
      `the running stack (process ${pid}) uses Temporal at ${parts.temporal.address}, but ${address} is configured; end it or unset TEMPORAL_ADDRESS`,
    );
  }
  if (config.databaseUrl && config.databaseUrl !== parts.databaseUrl) {
    throw new Error(
      `the running stack (process ${pid}) uses another database than DATABASE_URL names; end it or unset DATABASE_URL`,
    );
  }
}
