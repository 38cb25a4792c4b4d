/**
 * Bulk mode: runs one MAS program to its end in this process and serves its calls, with the journal and the failure policy
 * of durable mode. A program that fails is a result; an outage of model, sandbox or store, and a spent budget, are thrown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits } from '../../workflows/shared/program.ts';
import { isFailure } from '../failure.ts';
import type { CallClass, CallService } from '../llm/chat.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/tables.ts';
import { executionKey, executionSeed } from './execution-key.ts';
import { createExecutions, type Execution, type ExecutionRow, isClaim } from './executions.ts';
import { createJournal } from './journal.ts';
import { retrying } from './retry.ts';
import { runClaimed } from './run-claimed.ts';

export type { Execution } from './executions.ts';

export interface ExecutionSpec {
  readonly tenant: string;
  /** Temporal's, of the run. */
  readonly namespace: string;
  /** KIND/NAME: whose budget pays. */
  readonly run: string;
  readonly query: { readonly id: string; readonly text: string };
  readonly program: { readonly id: string; readonly sha256: string; readonly source: string };
  /** A model's name in config. */
  readonly driver: string;
  readonly repeat: number;
  readonly runSeed: number;
  readonly limits: Limits;
  readonly callClass: CallClass;
  readonly commonRandomNumbers: boolean;
}

export interface ProgramRunner {
  /**
   * A finished execution is returned as stored. One that another run executes right now is waited for. Throws `Llm.*`,
   * `Sandbox.*`, `Storage.*`, `Budget.Exceeded`, or the signal's reason; then the next `run` goes on from the journal.
   */
  run(spec: ExecutionSpec, signal: AbortSignal): Promise<Execution>;
  /** Key of the row in `executions`. Throws `Llm.UnknownModel`. */
  key(spec: ExecutionSpec): Promise<string>;
  /** Infrastructure prevented this execution: the next start of the run tries again. */
  markInfraFailed(spec: ExecutionSpec, message: string): Promise<void>;
}

export interface ProgramRunnerParts {
  readonly database: Database;
  readonly calls: CallService;
  readonly sandbox: () => Promise<Sandbox>;
  /** Programs are kept here by content, for reports and replays. */
  readonly blobs: Blobs;
}

const pollMs = 500;
/** Of the sandbox under one execution; a new one goes on from the journal. */
const maxBreakdowns = 3;

export function createProgramRunner(parts: ProgramRunnerParts): ProgramRunner {
  const executions = createExecutions(parts.database);
  const journal = createJournal(parts.database);
  const inFlight = new Map<string, Promise<Execution>>();
  const storedPrograms = new Set<string>();
  const killed = new Map<string, number>();

  async function rowOf(spec: ExecutionSpec): Promise<ExecutionRow> {
    const { revision, simulated } = await parts.calls.identity(spec.driver);
    const sandbox = await parts.sandbox();
    return {
      key: executionKey(spec, revision),
      tenant: spec.tenant,
      run: spec.run,
      queryId: spec.query.id,
      programSha256: spec.program.sha256,
      driver: spec.driver,
      repeat: spec.repeat,
      seed: executionSeed(spec),
      guest: sandbox.guest,
      simulated,
    };
  }

  async function runOnce(spec: ExecutionSpec, row: ExecutionRow, signal: AbortSignal): Promise<Execution> {
    if (!storedPrograms.has(spec.program.sha256)) {
      await parts.blobs.put(spec.program.source);
      storedPrograms.add(spec.program.sha256);
    }
    // After losing an execution to another attempt, wait for that one instead of taking it back.
    let patient = false;
    let breakdowns = 0;
    for (;;) {
      signal.throwIfAborted();
      const claim = () => executions.claim(row, { patient, leavesOutages: true });
      const claimed = await retrying(claim, { signal });
      if (claimed === 'busy') {
        await sleep(pollMs, undefined, { signal });
        continue;
      }
      if (!isClaim(claimed)) return claimed;
      try {
        return await runClaimed({ ...parts, executions, journal, killed }, spec, row, claimed, signal);
      } catch (error) {
        if (isFailure(error, 'Fence.Stale')) patient = true;
        else if (!isFailure(error, 'Sandbox.Unavailable') || (breakdowns += 1) > maxBreakdowns) throw error;
      }
    }
  }

  return {
    async run(spec, signal) {
      signal.throwIfAborted();
      const row = await retrying(() => rowOf(spec), { signal });
      const other = inFlight.get(row.key);
      if (other) return { ...(await other), stored: true };
      const running = runOnce(spec, row, signal).finally(() => inFlight.delete(row.key));
      inFlight.set(row.key, running);
      return await running;
    },
    key: async (spec) => (await rowOf(spec)).key,
    markInfraFailed: async (spec, message) => executions.markInfraFailed((await rowOf(spec)).key, message),
  };
}
