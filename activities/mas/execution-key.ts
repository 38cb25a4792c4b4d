/**
 * Names by content. An execution's seed never depends on a run's name, id or time, so that the same question put again
 * meets the same draws, and with them the recorded replies. All results are lower-case hex.
 */
import { createHash } from 'node:crypto';
import type { Limits, ProgramRef } from '../../workflows/shared/program.ts';
import { canonicalHash, canonicalJson } from '../storage/canonical-json.ts';

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

/** What the cells of a plan have in common. */
export type SharedIdentity = Omit<ExecutionIdentity, 'query' | 'program' | 'repeat'>;

/** `executionKey` of many cells: what they share is written once. */
export function createExecutionKeys(shared: SharedIdentity, revision: string) {
  const namesOf = createExecutionNames(shared, revision);
  return (queryId: string, programSha256: string, repeat: number): string =>
    namesOf(queryId, programSha256, repeat).key;
}

/** `executionKey` and `executionSeed` of many cells. */
export function createExecutionNames(shared: SharedIdentity, revision: string) {
  const { tenant, driver, limits, runSeed, commonRandomNumbers = false, scope = '' } = shared;
  const seedEnd = `,${canonicalJson(driver)},`;
  const keyMiddle = `",${canonicalJson(tenant)},`;
  const keyEnd = `,${canonicalJson(driver)},${canonicalJson(revision)},${canonicalJson(limits)},${canonicalJson(scope)}]`;
  return (queryId: string, programSha256: string, repeat: number) => {
    const program = commonRandomNumbers ? '' : programSha256;
    const query = JSON.stringify(queryId);
    const seed = sha256(`[${runSeed},${query},"${program}"${seedEnd}${repeat}]`);
    return { seed, key: sha256(`["${seed}${keyMiddle}${query},"${programSha256}"${keyEnd}`) };
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function executionSeed(identity: ExecutionIdentity): string {
  const program = identity.commonRandomNumbers ? '' : identity.program.sha256;
  return canonicalHash([identity.runSeed, identity.query.id, program, identity.driver, identity.repeat]);
}

/** Distinguishes the samples of one execution: five threads that ask the same are five draws. */
export function drawOf(seed: string, lineage: string, occurrence: number): string {
  return canonicalHash([seed, lineage, occurrence]);
}
