/** A launch that is late: a newer one has taken the run over between its steps. Whatever the order, one trainer runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { raiseLease } from '../../../../activities/training/lease.ts';
import { runDirectory } from '../../../../activities/training/layout.ts';
import { mintEpoch } from '../../../../activities/training/mint-epoch.ts';
import { freshDatabase } from '../../../support/environment.ts';
import { localAttempts } from '../../../support/local-attempts.ts';

const run = 'training/shim';

it('does not lower the lease, and its shim starts no trainer', async () => {
  await using fresh = await freshDatabase();
  await using attempts = await localAttempts();
  const { database } = fresh;
  const lease = async () => {
    await raiseLease(database, attempts.root, run);
    return JSON.parse(
      await readFile(join(runDirectory(attempts.root, run), 'lease.json'), 'utf8'),
    ) as unknown;
  };
  const mint = (mintedBy: string) => mintEpoch(database, { run, mintedBy, host: 'here' });
  await mint('first');
  expect(await lease()).toEqual({ epoch: 1 });
  await mint('second');
  await mint('first');
  // The first one's turn, after the second has minted.
  expect(await lease()).toEqual({ epoch: 2 });
  await expect(attempts.start('open("ran", "w")', { epoch: 1 })).rejects.toThrow('fenced');
  await attempts.start('import time; time.sleep(3600)', { epoch: 2 });
  expect(await attempts.observe(2)).toEqual({ status: 'alive' });
});

it('holds over launches that mint and raise at the same time', async () => {
  await using fresh = await freshDatabase();
  await using attempts = await localAttempts();
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      await mintEpoch(fresh.database, { run, mintedBy: String(index), host: 'here' });
      await raiseLease(fresh.database, attempts.root, run);
    }),
  );
  const lease = await readFile(join(runDirectory(attempts.root, run), 'lease.json'), 'utf8');
  expect(JSON.parse(lease)).toEqual({ epoch: 8 });
});
