/** The epoch of an attempt to come, with the GPUs that its recipe asks for: this host's, as they are now. */
import type { NoGpus, Unproved } from '../../workflows/training/contract.ts';
import { settleLeases } from './gpus/lease.ts';
import { registerGpus } from './gpus/registry.ts';
import { forgetWaiting, rememberWaiting } from './gpus/waiting.ts';
import { type Minted, mintProved } from './mint-epoch.ts';
import type { TrainingPorts } from './ports.ts';
import { readRecipe } from './read-recipe.ts';

export interface MintRequest {
  readonly run: string;
  /** Absent in runs of earlier releases. */
  readonly recipeSha256?: string;
  /** GPUs are leased for `local`; a scheduler gives its own. */
  readonly launcher?: string;
  /** Id of the workflow that is told when a GPU is free. */
  readonly waiter?: string | undefined;
}

export async function mintAttempt(
  ports: TrainingPorts,
  { run, recipeSha256, launcher = 'local', waiter }: MintRequest,
  mintedBy: string,
): Promise<({ readonly kind: 'minted' } & Minted) | Unproved | NoGpus> {
  const { database, host } = ports;
  const gpus =
    recipeSha256 === undefined || launcher !== 'local'
      ? undefined
      : (await readRecipe(ports.blobs, recipeSha256)).gpus;
  const wanted = { run, mintedBy, host, gpus };
  if (!gpus) return mintProved(database, wanted);
  await registerGpus(database, host, ports.gpus);
  // Noted first: a GPU that becomes free between the look and the note would otherwise wake nobody.
  if (waiter !== undefined) await rememberWaiting(database, run, waiter);
  let minted = await mintProved(database, wanted);
  // What a dead attempt still holds here, since nobody was there to see its end.
  if (minted.kind === 'noGpus' && (await settleLeases(ports)) > 0)
    minted = await mintProved(database, wanted);
  if (minted.kind !== 'noGpus' || !minted.ever) await forgetWaiting(database, run);
  return minted;
}
