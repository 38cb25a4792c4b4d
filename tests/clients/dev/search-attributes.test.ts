/** Doctor says whether the server knows the product's search attributes; without them it is well too. */
import { expect, it } from 'vitest';
import { checkTemporal } from '../../../clients/dev/check-servers.ts';
import { configSchema } from '../../../workers/config/schema.ts';
import { temporal } from '../../support/environment.ts';
import { startImpatientTemporal } from '../../support/impatient-temporal.ts';

const check = (address: string) => checkTemporal(configSchema.parse({ temporal: { address } }), {});

it('tells a server that knows them from one that does not', async () => {
  expect(await check(temporal.address())).toMatchObject({
    ...{ ok: true, detail: expect.stringContaining('namespace default, search attributes registered') },
  });
  await using bare = await startImpatientTemporal(1_000, { searchAttributes: false });
  expect(await check(bare.address)).toMatchObject({
    ...{ ok: true, detail: expect.stringContaining('without search attributes MasgptState, MasgptCause') },
  });
});
