/**
 * Runs one program to its end in this process, without Temporal and PostgreSQL: the host and the limits of the other modes,
 * no journal. A program that fails is a result; a model or sandbox that fails is thrown.
 */
import type { HostCall, Limits, ProgramOutcome } from '../../workflows/shared/program.ts';
import type { CallService } from '../llm/chat.ts';
import type { ProgramGraph } from '../sandbox/program-graph.ts';
import { deferred } from '../sandbox/deferred.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { canonicalHash } from '../storage/canonical-json.ts';
import { drawOf } from './execution-key.ts';
import { performCall } from './host-calls.ts';
import { createCallMatcher } from './match-calls.ts';
import { hostProgram, type OpenCall, sandboxLimits, totalMessage } from './program-host.ts';
import { retrying } from './retry.ts';

export interface AloneSpec {
  readonly source: string;
  readonly query: string;
  /** A model's name. */
  readonly driver: string;
  readonly seed: number;
  readonly limits: Limits;
}

/** One host call, in the order in which they ended. */
export interface CallTrace {
  /** The node of the program's graph that made it, by name; the method where none is known. */
  readonly agent: string;
  readonly method: HostCall['method'];
  /** Of the program, where it asked. */
  readonly line: number | null;
  /** Opening words of the prompt, or of the code. */
  readonly prompt: string;
  readonly ok: boolean;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly ms: number;
  readonly costUsd: number;
}

export interface AloneRun {
  readonly outcome: ProgramOutcome;
  readonly trace: readonly CallTrace[];
  readonly simulated: boolean;
}

export interface AloneParts {
  readonly sandbox: Sandbox;
  readonly calls: CallService;
  /** Names the calls; null when the program could not be read. */
  readonly graph: ProgramGraph | null;
  readonly onCall?: (call: CallTrace) => void;
}

/** A person waits: an outage of the model is told soon. */
const outageMs = 15_000;
const promptCharacters = 160;

/** Throws `Llm.*`, `Sandbox.*`, or the signal's reason. */
export async function runAlone(parts: AloneParts, spec: AloneSpec, outer: AbortSignal): Promise<AloneRun> {
  const { sandbox, calls } = parts;
  const prices = await calls.prices(spec.driver);
  let { simulated } = await calls.identity(spec.driver);
  const match = parts.graph ? createCallMatcher(parts.graph) : () => null;
  const over = new AbortController();
  const signal = AbortSignal.any([outer, over.signal]);
  const trace: CallTrace[] = [];
  const broken = deferred<never>();
  const seed = canonicalHash([spec.seed, spec.query, spec.source, spec.driver]);
  await using session = await sandbox.open(
    {
      source: spec.source,
      query: spec.query,
      seed,
      startedAtMs: Date.now(),
      models: [spec.driver],
      limits: sandboxLimits(spec.limits),
    },
    signal,
  );
  const onCall = (call: OpenCall): void => void serve(call).catch(broken.reject);
  const host = hostProgram({ session, known: [], limits: spec.limits, prices, onCall });

  async function serve({ entry, site, answer }: OpenCall): Promise<void> {
    const { call, lineage, occurrence } = entry;
    const draw = drawOf(seed, lineage, occurrence);
    const context = { ...nobody, driver: spec.driver, draw };
    const startedAt = performance.now();
    const perform = () =>
      performCall({ calls, sandbox: async () => sandbox }, call, context, { signal, wait: 'block' });
    const { reply, usage, simulated: pretended } = await retrying(perform, { signal, outageMs });
    simulated ||= pretended;
    const done = {
      agent: match(call.method, site)?.name ?? call.method,
      method: call.method,
      line: site[0] ?? null,
      prompt: openingOf(call),
      ok: reply.ok,
      tokensIn: usage.tokensIn,
      tokensOut: usage.tokensOut,
      ms: Math.round(performance.now() - startedAt),
      costUsd: usage.costUsd,
    };
    trace.push(done);
    parts.onCall?.(done);
    answer(reply, usage);
  }

  const total = setTimeout(() => host.end('totalLimit', totalMessage(spec.limits)), spec.limits.totalMs);
  const cancelled = (): void => broken.reject(outer.reason as Error);
  outer.addEventListener('abort', cancelled, { once: true });
  try {
    const { outcome } = await Promise.race([host.ended, broken.promise]);
    return { outcome, trace, simulated };
  } finally {
    clearTimeout(total);
    outer.removeEventListener('abort', cancelled);
    // Calls still in flight belong to a program that has ended.
    over.abort(new Error('the program has ended'));
  }
}

/** No run's budget pays: nothing is recorded. */
const nobody = {
  tenant: 'default',
  namespace: 'default',
  run: 'program/alone',
  callClass: 'interactive',
} as const;

function openingOf(call: HostCall): string {
  switch (call.method) {
    case 'chat':
      return (call.args.messages.at(-1)?.content ?? '').slice(0, promptCharacters);
    case 'executeCode':
    case 'testCode':
      return call.args.code.slice(0, promptCharacters);
    case 'websearch':
      return call.args.query.slice(0, promptCharacters);
  }
}
