/** Nodes of a scheduler on which a GPU of this run broke: its next attempts ask for others. */
import type { Database } from '../storage/tables.ts';
import { readRecord, jobClaimSchema } from './launchers/records.ts';
import { attemptLayout } from './layout.ts';

/** The latest ones: a cluster mends its nodes. */
const kept = 16;

export async function brokenNodes(
  { database, root }: { readonly database: Database; readonly root: string },
  run: string,
): Promise<readonly string[]> {
  const broken = await database
    .selectFrom('training_attempts')
    .select('epoch')
    .where('run', '=', run)
    .where('outcome', '=', 'gpuHardware')
    .orderBy('epoch', 'desc')
    .limit(kept)
    .execute();
  const claims = await Promise.all(
    broken.map(({ epoch }) => readRecord(attemptLayout(root, run, epoch).jobClaim, jobClaimSchema)),
  );
  return [...new Set(claims.flatMap((claim) => claim?.node ?? []))];
}
