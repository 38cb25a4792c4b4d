/** Executes one cell of a matrix: its program, or, for a generator, the ladder of what it wrote and the fallback. */
import type { BatchInput, Plan } from '../../workflows/matrix/contract.ts';
import { priorities } from '../../workflows/shared/queues.ts';
import type { ProgramFailureKind } from '../../workflows/shared/program.ts';
import { addUsage, noUsage, type Usage } from '../../workflows/shared/usage.ts';
import type { CallClass } from '../llm/chat.ts';
import type { Blobs } from '../storage/blobs.ts';
import { type CellOutcome, identityOf, ladderOf } from './cell-outcomes.ts';
import type { Generator } from './generate.ts';
import type { BatchCell } from './plan-reader.ts';
import { retrying } from './retry.ts';
import type { ExecutionSpec, ProgramRunner } from './run-program.ts';

/** Who pays, and how urgent it is. */
export interface CellScope extends Pick<BatchInput, 'run' | 'priority'> {
  /** Temporal's, of the run. */
  readonly namespace: string;
}

export interface CellParts {
  readonly runner: Pick<ProgramRunner, 'run' | 'markInfraFailed'>;
  readonly generator: Pick<Generator, 'generate'>;
  readonly blobs: Blobs;
}

export interface CellResult {
  readonly status: 'answered' | 'failed' | 'infraFailed';
  /** Of the execution that counts. */
  readonly failureKind?: ProgramFailureKind | undefined;
  /** Of what was executed now. */
  readonly usage: Usage;
  readonly simulated: boolean;
}

export interface CellRunner {
  /** Throws what `ProgramRunner.run` and `Generator.generate` throw. */
  run(plan: Plan, outcome: CellOutcome, scope: CellScope, signal: AbortSignal): Promise<CellResult>;
  /** Marks the execution that the cell is at as prevented by infrastructure. */
  giveUp(plan: Plan, outcome: CellOutcome, scope: CellScope, message: string): Promise<void>;
}

export function createCellRunner({ runner, generator, blobs }: CellParts): CellRunner {
  /** Programs by sha256: a batch runs few of them, many times. */
  const sources = new Map<string, Promise<string>>();

  function sourceOf(sha256: string): Promise<string> {
    const known = sources.get(sha256);
    if (known) return known;
    if (sources.size >= maxSources) sources.clear();
    const loading = blobs.getText(sha256);
    sources.set(sha256, loading);
    loading.catch(() => sources.delete(sha256));
    return loading;
  }

  async function specOf(
    plan: Plan,
    cell: BatchCell,
    program: { id: string; sha256: string },
    scope: CellScope,
  ): Promise<ExecutionSpec> {
    return {
      ...identityOf(plan, cell, program),
      namespace: scope.namespace,
      run: scope.run,
      program: { ...program, source: await sourceOf(program.sha256) },
      callClass: callClassOf(scope),
    };
  }

  return {
    async run(plan, { cell, ladder: known }, scope, signal) {
      let usage: Usage = noUsage;
      let simulated = false;
      let ladder = known;
      if (!ladder && cell.system.kind === 'generator') {
        const { tenant } = plan;
        const { query, system } = cell;
        const spec = {
          tenant,
          namespace: scope.namespace,
          run: scope.run,
          query,
          generator: system.generator,
          callClass: callClassOf(scope),
        };
        const generation = await retrying(() => generator.generate(spec, { signal, wait: 'block' }), {
          signal,
        });
        usage = generation.usage;
        simulated = generation.simulated;
        const { outcome } = generation;
        ladder = ladderOf(cell, { program_sha256: outcome.status === 'ok' ? outcome.program.sha256 : null });
      }
      let status: CellResult['status'] = 'failed';
      let failureKind: CellResult['failureKind'];
      for (const program of ladder ?? []) {
        const execution = await runner.run(await specOf(plan, cell, program, scope), signal);
        if (!execution.stored) usage = addUsage(usage, execution.usage);
        simulated ||= execution.simulated;
        ({ status } = execution);
        failureKind = execution.failure?.kind;
        if (status === 'answered') break;
      }
      return { status, failureKind, usage, simulated };
    },

    async giveUp(plan, { cell, ladder, execution }, scope, message) {
      const program = ladder?.find(({ sha256 }) => sha256 === execution?.program_sha256) ?? ladder?.[0];
      if (program) await runner.markInfraFailed(await specOf(plan, cell, program, scope), message);
    },
  };
}

const maxSources = 1_000;

function callClassOf({ priority }: CellScope): CallClass {
  return priority >= priorities.dataset ? 'dataset' : 'evaluation';
}
