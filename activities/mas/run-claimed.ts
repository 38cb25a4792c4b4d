/** One attempt at a claimed execution: opens the sandbox, answers from the journal, performs new calls, settles the row. */
import { setMaxListeners } from 'node:events';
import type { ProgramOutcome } from '../../workflows/shared/program.ts';
import { addUsage, noUsage } from '../../workflows/shared/usage.ts';
import type { CallService } from '../llm/chat.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { drawOf } from './execution-key.ts';
import type { Claim, Execution, ExecutionEnd, ExecutionRow, Executions } from './executions.ts';
import { performCall } from './host-calls.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { openClaimed } from './open-claimed.ts';
import { hostProgram, type OpenCall, totalMessage } from './program-host.ts';
import { retrying } from './retry.ts';
import type { ExecutionSpec } from './run-program.ts';
import { failure, isFailure } from '../failure.ts';

export interface ClaimedParts {
  readonly calls: CallService;
  readonly sandbox: () => Promise<Sandbox>;
  readonly executions: Executions;
  readonly journal: Journal;
  /** See open-claimed.ts. */
  readonly killed: Map<string, number>;
}

export async function runClaimed(
  parts: ClaimedParts,
  spec: ExecutionSpec,
  row: ExecutionRow,
  claim: Claim,
  outer: AbortSignal,
): Promise<Execution> {
  const { journal, executions, killed } = parts;
  const broken = new AbortController();
  const { signal } = broken;
  const onOuterAbort = (): void => broken.abort(outer.reason);
  outer.addEventListener('abort', onOuterAbort, { once: true });
  // One signal serves the many executions of a batch, and the many calls of an execution.
  setMaxListeners(0, outer, signal);
  let outage: unknown = null;
  let totalTimer: NodeJS.Timeout | undefined;
  const serving = new Set<Promise<void>>();
  /** The next attempt of this process asks for the calls in flight at once: they go on, into the record of calls. */
  let sandboxBroke = false;
  try {
    const known = claim.begun ? await retrying(() => journal.load(row.key), { signal }) : [];
    const entries: JournalEntry[] = known.filter(({ reply }) => reply !== null);
    let simulated = row.simulated;

    const [sandbox, prices] = await Promise.all([parts.sandbox(), parts.calls.prices(spec.driver)]);
    const opened = await retrying(
      () => openClaimed({ sandbox, executions, claim, known, killed, start: startOf(spec, row), signal }),
      { signal },
    );
    await using session = opened.session;
    const host = hostProgram({
      session,
      known: entries,
      limits: spec.limits,
      prices,
      onCall(call) {
        const served: Promise<void> = serve(call).finally(() => serving.delete(served));
        serving.add(served);
      },
    });

    async function serve(call: OpenCall): Promise<void> {
      const { entry } = call;
      const draw = drawOf(row.seed, entry.lineage, entry.occurrence);
      const context = {
        tenant: spec.tenant,
        namespace: spec.namespace,
        run: spec.run,
        driver: spec.driver,
        draw,
        callClass: spec.callClass,
      };
      const onFailure = (error: unknown): void => void (outage = error);
      try {
        const perform = () => performCall(parts, entry.call, context, { signal, wait: 'block' });
        const result = await retrying(perform, { signal, onFailure });
        if (sandboxBroke) return;
        outage = null;
        simulated ||= result.simulated;
        const answered = { ...entry, ...result.usage, reply: result.reply, endedAtMs: Date.now() };
        await retrying(() => journal.append(claim, answered), { signal });
        entries.push(answered);
        call.answer(result.reply, result.usage);
      } catch (error) {
        if (!sandboxBroke) broken.abort(error);
      }
    }

    const totalMs = claim.startedAtMs + spec.limits.totalMs - Date.now();
    totalTimer = setTimeout(
      () => {
        // A program that waits for a model which is out has not failed.
        if (outage) broken.abort(outage);
        else host.end('totalLimit', totalMessage(spec.limits));
      },
      Math.max(0, totalMs),
    );

    const { outcome } = await Promise.race([host.ended, aborted(signal)]);
    const end: ExecutionEnd = {
      ...endOf(outcome),
      ...totalsOf(entries),
      simulated,
      wallMs: Date.now() - claim.startedAtMs,
      divergences: host.divergences,
    };
    if (!(await retrying(() => executions.finish(claim, end), { signal: outer }))) {
      throw failure('Fence.Stale', 'another attempt has taken this execution over: its result stands');
    }
    const { losses } = claim;
    return { key: row.key, ...end, losses, guestChanges: opened.guestChanges, stored: false };
  } catch (error) {
    sandboxBroke = !signal.aborted && isFailure(error, 'Sandbox.Unavailable');
    await executions.release(claim).catch(() => {});
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(totalTimer);
    const inFlight = sandboxBroke ? [...serving] : [];
    void Promise.all(inFlight).then(() => {
      outer.removeEventListener('abort', onOuterAbort);
      // Calls still in flight belong to a program that has ended.
      broken.abort(new Error('the program has ended'));
    });
  }
}

function startOf(spec: ExecutionSpec, row: ExecutionRow) {
  return {
    source: spec.program.source,
    query: spec.query.text,
    seed: row.seed,
    models: [spec.driver],
    limits: spec.limits,
  };
}

export function endOf(outcome: ProgramOutcome): Pick<ExecutionEnd, 'status' | 'answer' | 'failure'> {
  if (outcome.status === 'answered') return { status: 'answered', answer: outcome.answer, failure: null };
  return { status: 'failed', answer: '', failure: { kind: outcome.kind, message: outcome.message } };
}

/** Sums over the journal: what the program was answered, whichever attempt paid for it. */
export function totalsOf(entries: readonly JournalEntry[]): Pick<ExecutionEnd, 'usage' | 'codeRuns'> {
  const chats = entries.filter(({ call }) => call.method === 'chat');
  const codeRuns = entries.filter(
    ({ call }) => call.method === 'executeCode' || call.method === 'testCode',
  ).length;
  const usage = chats.reduce((sum, entry) => addUsage(sum, { ...entry, llmCalls: 1 }), noUsage);
  return { usage, codeRuns };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
