/**
 * The frame of every command: flags -> configuration -> stack -> body -> one document or human text. A body returns the
 * document that --json prints; it throws `UsageError`, `CommandFailed` or anything else to end badly.
 */
import { resolve } from 'node:path';
import type { Client } from '@temporalio/client';
import type { ArgsDef } from 'citty';
import type { Database } from '../../activities/storage/tables.ts';
import type { LoadConfigOptions } from '../../workers/config/load.ts';
import type { Config } from '../../workers/config/schema.ts';
import type { MasClient } from '../client.ts';
import type { Stack } from '../dev/stack.ts';
import { killAllSupervised } from '../dev/supervised-process.ts';
import { Interrupted } from './errors.ts';
import { createOutput, type Output, writeDocument } from './output.ts';

export const commonArgs = {
  json: { type: 'boolean', description: 'Print one JSON document on stdout; everything else goes to stderr' },
  home: { type: 'string', description: 'State directory (MASGPT_HOME, .masgpt)', valueHint: 'dir' },
  config: { type: 'string', description: 'Configuration file (masgpt.config.yaml)', valueHint: 'file' },
  'show-config': { type: 'boolean', description: 'Print the configuration that is in effect, and stop' },
  verbose: { type: 'boolean', description: 'Print traces of errors' },
} as const satisfies ArgsDef;

export interface CommonArgs {
  readonly json?: boolean | undefined;
  readonly home?: string | undefined;
  readonly config?: string | undefined;
  readonly 'show-config'?: boolean | undefined;
}

/** What a command has without the stack: it starts nothing. */
export interface LocalContext {
  readonly config: Config;
  readonly configFile: string | undefined;
  readonly output: Output;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface CommandContext extends LocalContext {
  readonly stack: Stack;
  readonly client: MasClient;
  /** The plain Temporal client under `client`. */
  readonly temporal: Client;
  readonly database: Database;
}

/** Runs the body on this home's stack, which is started when none runs, and stopped at the end if it was. */
export function runCommand(
  args: CommonArgs,
  body: (context: CommandContext) => Promise<unknown>,
): Promise<void> {
  return runFrame(args, async (local) => {
    // Only now: wrong usage and --help answer without loading Temporal, PostgreSQL and the stack.
    const { onStack } = await import('./on-stack.ts');
    return onStack(local, flagsOf(args), (context) => untilInterrupted(body(context), local.signal));
  });
}

export interface LocalOptions {
  /** Loaded unless given. */
  readonly config?: Config;
  /** How long the body may take to end once it is interrupted. */
  readonly graceMs?: number;
}

/** The same frame without the stack. */
export function runLocalCommand(
  args: CommonArgs,
  body: (context: LocalContext) => Promise<unknown>,
  options: LocalOptions = {},
): Promise<void> {
  return runFrame(
    args,
    (local) => untilInterrupted(body(local), local.signal, options.graceMs),
    options.config,
  );
}

async function runFrame(
  args: CommonArgs,
  body: (context: LocalContext) => Promise<unknown>,
  given?: Config,
): Promise<void> {
  const output = createOutput(args.json === true);
  const interruption = interruptible(output);
  try {
    const configFile = args.config === undefined ? undefined : resolve(args.config);
    const sources = { file: configFile, env: process.env, flags: flagsOf(args) };
    const { loadConfig } = await import('../../workers/config/load.ts');
    const config = given ?? (await loadConfig(sources));
    const context = { config, configFile, output, signal: interruption.signal };
    const document = await (args['show-config'] ? printConfig(output, sources) : body(context)).catch(
      (error: unknown) => {
        throw interruption.signal.aborted ? new Interrupted('interrupted') : error;
      },
    );
    output.end();
    if (args.json) await writeDocument(document ?? null);
  } finally {
    interruption.end();
  }
}

/** A body that does not heed the signal is left behind after a moment: what it waits for goes on in Temporal. */
function untilInterrupted<T>(body: Promise<T>, signal: AbortSignal, graceMs = 3_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => void setTimeout(() => reject(new Interrupted('interrupted')), graceMs).unref();
    signal.addEventListener('abort', late, { once: true });
    body.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}

/** `PATH = VALUE (ORIGIN)`, without secrets. */
export async function printConfig(output: Output, sources: LoadConfigOptions): Promise<unknown> {
  const { showConfig } = await import('../../workers/config/show.ts');
  const settings = await showConfig(sources);
  for (const { path, value, origin } of settings)
    output.print(`${path} = ${JSON.stringify(value)} (${origin})`);
  return { settings };
}

export function flagsOf(args: CommonArgs): Record<string, unknown> {
  return { home: args.home };
}

/** The first signal asks the body to stop; the second kills every child and leaves. */
function interruptible(output: Output): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      killAllSupervised();
      process.exit(130);
    }
    output.note('stopping; once more kills');
    controller.abort(new Interrupted('interrupted'));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    end: () => void signals.forEach((signal) => process.off(signal, onSignal)),
  };
}
