/**
 * Performs what a program asks of its host. A reply may be an error that the program sees (`ok: false`) only when the
 * program caused it; whatever is the provider's or the host's fault is thrown.
 */
import type { HostCall, HostReply } from '../../workflows/shared/program.ts';
import { isFailure } from '../failure.ts';
import type { CallClass, CallService } from '../llm/chat.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type CallUsage, noCallUsage } from './journal.ts';

export interface CallContext {
  readonly tenant: string;
  /** Temporal's, of the run. */
  readonly namespace: string;
  /** KIND/NAME: whose budget pays. */
  readonly run: string;
  readonly driver: string;
  readonly draw: string;
  readonly callClass: CallClass;
}

export interface CallResult {
  readonly reply: HostReply;
  readonly usage: CallUsage;
  readonly simulated: boolean;
}

export interface HostCallParts {
  readonly calls: CallService;
  readonly sandbox: () => Promise<Sandbox>;
}

export interface PerformOptions {
  readonly signal: AbortSignal;
  readonly wait: 'block' | 'yield';
}

export async function performCall(
  parts: HostCallParts,
  call: HostCall,
  context: CallContext,
  options: PerformOptions,
): Promise<CallResult> {
  switch (call.method) {
    case 'chat':
      return await chat(parts.calls, call.args, context, options);
    case 'executeCode': {
      const { code, timeoutS } = call.args;
      const sandbox = await parts.sandbox();
      const outcome = await sandbox.runCode({ code, tests: [], timeoutMs: timeoutS * 1_000 }, options.signal);
      return free(outcome.text);
    }
    case 'testCode': {
      const { code, tests, timeoutS } = call.args;
      const sandbox = await parts.sandbox();
      const outcome = await sandbox.runCode({ code, tests, timeoutMs: timeoutS * 1_000 }, options.signal);
      return free({ status: outcome.status, text: outcome.text, tests: outcome.tests });
    }
    case 'websearch':
      return free([]);
  }
}

async function chat(
  calls: CallService,
  args: Extract<HostCall, { method: 'chat' }>['args'],
  { driver, ...context }: CallContext,
  options: PerformOptions,
): Promise<CallResult> {
  try {
    const { reply } = await calls.call({ ...context, request: { model: driver, ...args } }, options);
    const usage = { ...reply.usage, costUsd: reply.costUsd };
    return { reply: { ok: true, value: reply.text }, usage, simulated: reply.simulated };
  } catch (error) {
    // The one refusal that a program brings about by what it writes.
    if (!isFailure(error, 'Llm.ContextTooLong')) throw error;
    const reply = { ok: false, error: { type: 'Llm.ContextTooLong', message: error.message } } as const;
    return { reply, usage: noCallUsage, simulated: false };
  }
}

function free(value: unknown): CallResult {
  return { reply: { ok: true, value }, usage: noCallUsage, simulated: false };
}
