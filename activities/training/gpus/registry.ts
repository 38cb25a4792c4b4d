/** The rows of GPUs: what each host has, what is excluded and why. */
import type { Database } from '../../storage/tables.ts';
import type { AskedGpus } from '../recipe.ts';
import { busAddress, discoverGpus, type Gpu } from './discover.ts';

export interface GpuRow extends Gpu {
  readonly host: string;
  readonly present: boolean;
  readonly excluded: string | null;
  readonly run: string | null;
  readonly epoch: number | null;
  readonly leasedAt: Date | null;
}

/** Writes what the host has now: what the config names, else what the driver lists. A driver that does not answer changes nothing. */
export async function registerGpus(
  database: Database,
  host: string,
  named: readonly Gpu[] | undefined,
): Promise<void> {
  const gpus = named ?? (await discoverGpus());
  if (!gpus) return;
  const now = new Date();
  await database.transaction().execute(async (transaction) => {
    const uuids = gpus.map(({ uuid }) => uuid);
    let gone = transaction.updateTable('training_gpus').set({ present: false }).where('host', '=', host);
    if (uuids.length > 0) gone = gone.where('uuid', 'not in', uuids);
    await gone.execute();
    for (const { uuid, index, name, memoryGib, pci } of gpus) {
      const seen = { index, name, memory_gib: memoryGib, pci, present: true, seen_at: now };
      await transaction
        .insertInto('training_gpus')
        .values({ host, uuid, ...seen })
        .onConflict((conflict) => conflict.columns(['host', 'uuid']).doUpdateSet(seen))
        .execute();
    }
  });
}

/** All, or those of one host. */
export async function listGpus(database: Database, host?: string): Promise<GpuRow[]> {
  let query = database
    .selectFrom('training_gpus')
    .select(['host', 'uuid', 'index', 'name', 'pci', 'present', 'excluded', 'run', 'epoch'])
    .select(['memory_gib as memoryGib', 'leased_at as leasedAt'])
    .orderBy('host')
    .orderBy('index');
  if (host !== undefined) query = query.where('host', '=', host);
  return query.orderBy('uuid').execute();
}

/** Whether it is there and may be used for what a recipe asks. `type` is a word or words of its name. */
export function isFit(gpu: GpuRow, { type, memoryGib }: AskedGpus): boolean {
  if (!gpu.present || gpu.excluded !== null) return false;
  if (memoryGib !== undefined && (gpu.memoryGib ?? 0) < memoryGib) return false;
  return type === undefined || words(gpu.name).includes(words(type));
}

/** `RTX 4090` is no word of `RTX 40900`. */
function words(name: string): string {
  return ` ${name
    .toLowerCase()
    .split(/[^a-z0-9.]+/)
    .join(' ')
    .trim()} `;
}

/** Why no host has what is asked, whoever holds it now; undefined when one has. */
export function lackingWords(all: readonly GpuRow[], asked: AskedGpus): string | undefined {
  const hosts = new Map<string, number>();
  for (const gpu of all) hosts.set(gpu.host, (hosts.get(gpu.host) ?? 0) + (isFit(gpu, asked) ? 1 : 0));
  if (Math.max(0, ...hosts.values()) >= asked.count) return undefined;
  const known = [...hosts].map(([host, fit]) => `${host} has ${fit}`).join(', ');
  const excluded = all.filter((gpu) => gpu.excluded !== null).length;
  return [
    `the recipe asks for ${askedWords(asked)} on one host`,
    known === '' ? 'no host is known to have any' : `of such GPUs ${known}`,
    ...(excluded > 0 ? [`${excluded} excluded (masgpt training gpus)`] : []),
  ].join('; ');
}

export function askedWords({ count, type, memoryGib }: AskedGpus): string {
  const kind = type === undefined ? '' : ` ${type}`;
  const memory = memoryGib === undefined ? '' : ` of ${memoryGib} GiB`;
  return `${count}${kind} ${count === 1 ? 'GPU' : 'GPUs'}${memory}`;
}

/** Those that an attempt holds: the one at this bus address, else all of them. */
export async function excludeGpus(
  database: Database,
  attempt: { readonly host: string; readonly run: string; readonly epoch: number },
  broken: { readonly pci: string | null; readonly reason: string },
): Promise<void> {
  const held = (await listGpus(database, attempt.host)).filter(
    ({ run, epoch }) => run === attempt.run && epoch === attempt.epoch,
  );
  const guilty = brokenOf(held, broken.pci);
  if (guilty.length === 0) return;
  await database
    .updateTable('training_gpus')
    .set({ excluded: broken.reason.slice(0, 300) })
    .where('host', '=', attempt.host)
    .where(
      'uuid',
      'in',
      guilty.map(({ uuid }) => uuid),
    )
    .where('excluded', 'is', null)
    .execute();
}

/** Without an address nobody knows which of them: none of them is trusted. */
export function brokenOf(held: readonly GpuRow[], pci: string | null): readonly GpuRow[] {
  const address = pci === null ? null : busAddress(pci);
  const known = held.filter((gpu) => gpu.pci !== null && gpu.pci === address);
  return known.length > 0 ? known : held;
}

/** An operator's word that it is whole again. The hosts on which it was excluded. */
export async function includeGpu(database: Database, uuid: string): Promise<readonly string[]> {
  const rows = await database
    .updateTable('training_gpus')
    .set({ excluded: null })
    .where('uuid', '=', uuid)
    .where('excluded', 'is not', null)
    .returning('host')
    .execute();
  return rows.map(({ host }) => host);
}
