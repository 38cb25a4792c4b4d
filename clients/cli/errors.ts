/** How a command ends badly: one clear message with a remedy on stderr, and the exit code; a trace only with --verbose. */
import { stripVTControlCharacters } from 'node:util';
import { writeDocument } from './output.ts';

/** Wrong flags or arguments: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly remedy: string | undefined;
  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** The command did its work and the outcome is a failure: exit code 1. `document` is what --json prints. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly remedy: string | undefined;
  readonly document: unknown;
  constructor(message: string, options: { readonly remedy?: string; readonly document?: unknown } = {}) {
    super(message);
    this.remedy = options.remedy;
    this.document = options.document;
  }
}

/** Ctrl-C: exit code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export async function reportError(error: unknown, rawArgs: readonly string[]): Promise<void> {
  process.exitCode = exitCodeOf(error);
  const { message, type, remedy } = describe(error);
  if (message) process.stderr.write(`masgpt: ${message}\n`);
  if (remedy) process.stderr.write(`  ${remedy}\n`);
  if (rawArgs.includes('--verbose') && error instanceof Error) process.stderr.write(`${traceOf(error)}\n`);
  if (!rawArgs.includes('--json')) return;
  const document = error instanceof CommandFailed ? error.document : undefined;
  await writeDocument(document ?? { error: { type, message, ...(remedy ? { remedy } : {}) } });
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return 130;
  return error instanceof UsageError || isCittyError(error) ? 2 : 1;
}

/** The innermost cause names what happened: workflow and activity failures only wrap it. */
function describe(error: unknown): { message: string; type: string; remedy?: string | undefined } {
  if (error instanceof UsageError || error instanceof CommandFailed) {
    return { message: error.message, type: error.name, remedy: error.remedy };
  }
  let root = error;
  while (wraps(root)) root = root.cause;
  if (!(root instanceof Error)) return { message: String(root), type: 'Error' };
  if (isUnreachable(root))
    return {
      message: `Temporal does not answer: ${root.message}`,
      type: root.name,
      remedy: 'A run that was started goes on once it answers; the same command attaches to it.',
    };
  return {
    message: stripVTControlCharacters(root.message || root.name),
    type: failureType(root) ?? root.name,
  };
}

/** Of an ApplicationFailure, whose class is not imported: usage errors answer without loading Temporal. */
function failureType(error: Error): string | undefined {
  return 'type' in error && typeof error.type === 'string' ? error.type : undefined;
}

const wrappers = new Set(['WorkflowFailedError', 'ActivityFailure', 'ChildWorkflowFailure']);

function wraps(error: unknown): error is Error & { cause: Error } {
  return error instanceof Error && wrappers.has(error.name) && error.cause instanceof Error;
}

const grpcUnavailable = 14;

/** A ServiceError of Temporal's client, whose class is not imported, with the status of gRPC for a server that is not there. */
function isUnreachable(error: Error): boolean {
  const { name, cause } = error;
  return (
    name === 'ServiceError' && cause instanceof Error && 'code' in cause && cause.code === grpcUnavailable
  );
}

function isCittyError(error: unknown): boolean {
  return error instanceof Error && error.name === 'CLIError';
}

function traceOf(error: Error): string {
  const trace = error.stack ?? error.message;
  return error.cause instanceof Error ? `${trace}\ncaused by ${traceOf(error.cause)}` : trace;
}
