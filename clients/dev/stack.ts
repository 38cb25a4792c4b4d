/**
 * The stack of one home: Temporal, PostgreSQL, the simulated models and a worker. A command attaches to the stack that
 * runs, or starts one and stops it at its end. Parts that the configuration names elsewhere are used, never started.
 */
import { join, resolve } from 'node:path';
import type { Config } from '../../workers/config/schema.ts';
import { attach } from './attach-stack.ts';
import { openParts } from './start-parts.ts';
import { endProcess } from '../../workers/host/process-mark.ts';
import {
  childrenOf,
  claimStack,
  isStale,
  readStackFile,
  removeStale,
  type StackParts,
} from './stack-file.ts';
import { registerUser, untilUnused } from './stack-users.ts';

export interface Stack extends StackParts, AsyncDisposable {
  readonly startedHere: boolean;
  /** What child processes of the product need to find the parts: TEMPORAL_ADDRESS, DATABASE_URL, … */
  readonly env: Readonly<Record<string, string>>;
}

export interface StackOptions {
  readonly config: Config;
  readonly configFile?: string | undefined;
  /** What the stack is started for, said to whoever finds it running: "dev". */
  readonly purpose: string;
  /** `false` starts the parts without a worker. */
  readonly worker?: boolean;
  /** Refuse a stack that runs already (`masgpt dev`). */
  readonly mustStart?: boolean;
  readonly port?: number | undefined;
  readonly uiPort?: number | undefined;
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export async function attachOrStartStack(options: StackOptions): Promise<Stack> {
  const home = resolve(options.config.home);
  for (;;) {
    options.signal?.throwIfAborted();
    const file = await readStackFile(home);
    if (file && isStale(file)) {
      const left = childrenOf(file);
      if (left.length > 0) options.note(`ending ${left.length} processes of a stack that was killed`);
      await Promise.all(left.map((mark) => endProcess(mark)));
      await removeStale(home);
      continue;
    }
    if (file) {
      if (options.mustStart) throw alreadyRunning(home, file.owner.pid, file.parts?.temporal.uiUrl);
      const parts = await attach(home, options);
      if (parts) {
        const leave = await registerUser(home);
        return {
          ...parts,
          startedHere: false,
          env: environmentOf(home, parts),
          [Symbol.asyncDispose]: leave,
        };
      }
      continue;
    }
    const claim = await claimStack(home, options.purpose);
    if (claim) return start(home, options, claim);
  }
}

type Claim = NonNullable<Awaited<ReturnType<typeof claimStack>>>;

async function start(home: string, options: StackOptions, claim: Claim): Promise<Stack> {
  const opened = await openParts({
    ...options,
    home,
    logs: join(home, 'logs'),
    onChild: (name, pid) => void claim.setChild(name, pid),
    environmentOf: (parts) => environmentOf(home, parts),
  }).catch(async (error: unknown) => {
    await claim.release();
    throw error;
  });
  await claim.setParts(opened.parts);
  return {
    ...opened.parts,
    startedHere: true,
    env: environmentOf(home, opened.parts),
    async [Symbol.asyncDispose]() {
      if (!options.mustStart) await untilUnused(home, options);
      await opened.stop();
      await claim.release();
    },
  };
}

export function environmentOf(home: string, parts: StackParts): Record<string, string> {
  return {
    MASGPT_HOME: home,
    TEMPORAL_ADDRESS: parts.temporal.address,
    TEMPORAL_NAMESPACE: parts.temporal.namespace,
    DATABASE_URL: parts.databaseUrl,
    MASGPT_STORE_ID: parts.storeId,
    MASGPT_SIMULATOR_URL: parts.simulator.url,
    MASGPT_SIMULATOR_TOKEN: parts.simulator.token,
    MASGPT_SIMULATOR_REVISION: parts.simulator.revision,
  };
}

function alreadyRunning(home: string, pid: number, uiUrl: string | undefined): Error {
  return new Error(
    `a stack runs already in ${home}: process ${pid}${uiUrl ? `, UI at ${uiUrl}` : ''}. ` +
      `Commands attach to it by themselves; to replace it, end that process with Ctrl-C or \`kill ${pid}\`, or choose another --home`,
  );
}
