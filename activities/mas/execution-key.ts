/**
 * Names by content. An execution's seed never depends on a run's name, id or time, so that the same question put again
 * meets the same draws, and with them the recorded replies. All results are lower-case hex.
 */
import type { Limits, ProgramRef } from '../../workflows/shared/program.ts';
import { canonicalHash } from '../storage/canonical-json.ts';

export interface ExecutionIdentity {
  readonly tenant: string;
  readonly query: { readonly id: string };
  readonly program: Pick<ProgramRef, 'sha256'>;
  /** A model's name in config. */
  readonly driver: string;
  readonly repeat: number;
  readonly runSeed: number;
  readonly limits: Limits;
  /** Two programs meet the same draws: the seed leaves the program out. */
  readonly commonRandomNumbers?: boolean;
  /** Set where executions are never shared between runs (durable answers): then each run has its own journal. */
  readonly scope?: string;
}

/** The key of the row in `executions`. `revision` is the driver's. */
export function executionKey(identity: ExecutionIdentity, revision: string): string {
  const { tenant, query, program, driver, limits } = identity;
  return canonicalHash([
    executionSeed(identity),
    tenant,
    query.id,
    program.sha256,
    driver,
    revision,
    limits,
    identity.scope ?? '',
  ]);
}

export function executionSeed(identity: ExecutionIdentity): string {
  const program = identity.commonRandomNumbers ? '' : identity.program.sha256;
  return canonicalHash([identity.runSeed, identity.query.id, program, identity.driver, identity.repeat]);
}

/** Distinguishes the samples of one execution: five threads that ask the same are five draws. */
export function drawOf(seed: string, lineage: string, occurrence: number): string {
  return canonicalHash([seed, lineage, occurrence]);
}
