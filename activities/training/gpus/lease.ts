/**
 * Leases of GPUs: taken in the transaction that mints an attempt, released only when the attempt's own host has proved it dead.
 * An operator's word (`declareLost`) releases nothing: that host may live. The shim's lock of each GPU is the last wall.
 */
import { sql } from 'kysely';
import type { Database } from '../../storage/tables.ts';
import { attemptLayout } from '../layout.ts';
import { readRecord, specSchema } from '../launchers/records.ts';
import type { TrainingPorts } from '../ports.ts';
import type { AskedGpus } from '../recipe.ts';
import { askedWords, brokenOf, type GpuRow, isFit, lackingWords, listGpus } from './registry.ts';

export interface Claim {
  readonly host: string;
  /** training/NAME. */
  readonly run: string;
  readonly asked: AskedGpus;
}

export type Choice =
  | { readonly kind: 'free'; readonly uuids: readonly string[] }
  | {
      readonly kind: 'noGpus';
      /** False = no host has what is asked, however long one waits. */
      readonly ever: boolean;
      /** One line: who holds them. */
      readonly reason: string;
      /** Other hosts with enough that are free, or may be. */
      readonly elsewhere: readonly string[];
    };

/** Locks the host's GPUs for the rest of the transaction. What an older attempt of the run holds counts as free: it is proved dead before the new one starts. */
export async function chooseGpus(transaction: Database, { host, run, asked }: Claim): Promise<Choice> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`gpus ${host}`}, 0))`.execute(transaction);
  const all = await listGpus(transaction);
  const isFree = (gpu: GpuRow): boolean => isFit(gpu, asked) && (gpu.run === null || gpu.run === run);
  const free = all.filter((gpu) => gpu.host === host && isFree(gpu));
  if (free.length >= asked.count) {
    const own = free.filter((gpu) => gpu.run === run);
    const others = free.filter((gpu) => gpu.run === null);
    return { kind: 'free', uuids: [...own, ...others].slice(0, asked.count).map(({ uuid }) => uuid) };
  }
  const lacking = lackingWords(all, asked);
  const hosts = [...new Set(all.map((gpu) => gpu.host))].filter((name) => name !== host);
  // Held by an attempt that ended by an operator's word: its host may now be there to prove it dead.
  const doubted = await heldByEnded(transaction);
  const mayBeFree = (gpu: GpuRow): boolean => isFree(gpu) || (isFit(gpu, asked) && doubted.has(gpu.uuid));
  const elsewhere = hosts.filter(
    (name) => all.filter((gpu) => gpu.host === name && mayBeFree(gpu)).length >= asked.count,
  );
  const held = all.filter((gpu) => isFit(gpu, asked) && gpu.run !== null);
  const reason =
    lacking ?? `it asks for ${askedWords(asked)}; ${held.slice(0, maxNamed).map(heldWords).join(', ')}`;
  return { kind: 'noGpus', ever: lacking === undefined, reason, elsewhere };
}

async function heldByEnded(transaction: Database): Promise<ReadonlySet<string>> {
  const rows = await transaction
    .selectFrom('training_gpus as gpu')
    .innerJoin('training_attempts as attempt', (join) =>
      join.onRef('attempt.run', '=', 'gpu.run').onRef('attempt.epoch', '=', 'gpu.epoch'),
    )
    .select('gpu.uuid')
    .where('attempt.state', '=', 'ended')
    .execute();
  return new Set(rows.map(({ uuid }) => uuid));
}

const maxNamed = 8;

function heldWords({ host, index, run, epoch }: GpuRow): string {
  return `GPU ${index} of ${host} is held by ${run} (attempt ${epoch})`;
}

/** In the transaction of `chooseGpus`. */
export async function leaseGpus(
  transaction: Database,
  { host, run, epoch }: { readonly host: string; readonly run: string; readonly epoch: number },
  uuids: readonly string[],
): Promise<void> {
  await transaction
    .updateTable('training_gpus')
    .set({ run, epoch, leased_at: new Date() })
    .where('host', '=', host)
    .where('uuid', 'in', uuids)
    .execute();
}

/** Of an attempt, by index. */
export async function gpusOf(database: Database, run: string, epoch: number): Promise<readonly GpuRow[]> {
  const all = await listGpus(database);
  return all.filter((gpu) => gpu.run === run && gpu.epoch === epoch);
}

/** GPUs other than the broken ones that would do for what an attempt asked; 0 when they are too few. Null = it asked for none. */
export async function gpusLeft(
  database: Database,
  { run, epoch }: { readonly run: string; readonly epoch: number },
  asked: AskedGpus | undefined,
  pci: string | null,
): Promise<number | null> {
  if (!asked) return null;
  const all = await listGpus(database);
  const broken = brokenOf(
    all.filter((gpu) => gpu.run === run && gpu.epoch === epoch),
    pci,
  );
  const others = all.filter((gpu) => !broken.includes(gpu));
  return lackingWords(others, asked) === undefined ? others.filter((gpu) => isFit(gpu, asked)).length : 0;
}

type SettlePorts = Pick<TrainingPorts, 'database' | 'launcher' | 'root' | 'host'>;

/** Releases what dead attempts hold on this host, of one run or of all. How many GPUs became free. */
export async function settleLeases(ports: SettlePorts, run?: string): Promise<number> {
  const { database, host } = ports;
  const held = (await listGpus(database, host)).filter((gpu) => gpu.run !== null);
  const attempts = new Map(held.map((gpu) => [`${gpu.run}:${gpu.epoch}`, gpu]));
  let released = 0;
  for (const { run: holder, epoch } of attempts.values()) {
    if (holder === null || epoch === null || (run !== undefined && holder !== run)) continue;
    if (!(await isProvedDead(ports, holder, epoch))) continue;
    released += await release(database, { host, run: holder, epoch });
  }
  return released;
}

/** After a launch that failed for good: nothing was started, or what was is proved dead. */
export async function releaseUnstarted(ports: SettlePorts, run: string, mintedBy: string): Promise<number> {
  const minted = await ports.database
    .selectFrom('training_attempts')
    .select('epoch')
    .where('run', '=', run)
    .where('minted_by', '=', mintedBy)
    .executeTakeFirst();
  if (!minted) return 0;
  const { epoch } = minted;
  if (!(await wasHandedOver(ports, run, epoch)))
    return release(ports.database, { host: ports.host, run, epoch });
  return settleLeases(ports, run);
}

async function release(
  database: Database,
  { host, run, epoch }: { readonly host: string; readonly run: string; readonly epoch: number },
): Promise<number> {
  const { numUpdatedRows } = await database
    .updateTable('training_gpus')
    .set({ run: null, epoch: null, leased_at: null })
    .where('host', '=', host)
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

async function isProvedDead(ports: SettlePorts, run: string, epoch: number): Promise<boolean> {
  const { status } = await ports.launcher.observe(attemptLayout(ports.root, run, epoch), run, epoch);
  if (status === 'ended' || status === 'gone') return true;
  if (status !== 'unknown' || (await wasHandedOver(ports, run, epoch))) return false;
  // It ended before anything was started; or the run was deleted.
  const row = await ports.database
    .selectFrom('training_attempts')
    .select('state')
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  return row === undefined || row.state === 'ended';
}

/** Whether the launcher was asked to start it. */
async function wasHandedOver(ports: SettlePorts, run: string, epoch: number): Promise<boolean> {
  return (await readRecord(attemptLayout(ports.root, run, epoch).spec, specSchema)) !== undefined;
}
