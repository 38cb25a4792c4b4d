/** `masgpt training checkpoints RUN [--verify]`: what people and scripts see of the registry; nothing is changed by a look. */
import { hostname } from 'node:os';
import { appendFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, expect, it } from 'vitest';
import { checkpointRows } from '../../../../activities/training/checkpoints/rows.ts';
import { checkpoints } from '../../../../clients/cli/training/checkpoints.ts';
import { CommandFailed } from '../../../../clients/cli/errors.ts';
import type { Output } from '../../../../clients/cli/output.ts';
import { configSchema } from '../../../../workers/config/schema.ts';
import { type CheckpointFiles, checkpointFiles, run } from '../../../support/checkpoint-files.ts';
import { type FreshDatabase, freshDatabase } from '../../../support/environment.ts';

let fresh: FreshDatabase;
let at: CheckpointFiles;
beforeAll(async () => {
  fresh = await freshDatabase();
  await fresh.database
    .insertInto('runs')
    .values({
      ...{ namespace: 'default', kind: 'training', name: 'tested', tenant: 'default', state: 'running' },
      ...{ workflow_id: run, first_run_id: 'x', run_id: 'x', input_hash: 'x', input: '{}' },
    })
    .execute();
});
afterAll(() => fresh[Symbol.asyncDispose]());
beforeEach(async () => {
  at = await checkpointFiles(fresh.database);
});
afterEach(() => at[Symbol.asyncDispose]());

interface Shown {
  readonly text: string;
  readonly document: {
    readonly checkpoints: readonly Record<string, unknown>[];
    readonly damaged?: readonly number[];
  };
  readonly failed: string | undefined;
}

async function show(verify: boolean, name = 'tested'): Promise<Shown> {
  const lines: string[] = [];
  const output = { print: (text: string) => lines.push(text) } as unknown as Output;
  const context = { config: configSchema.parse({ home: at.home }), output, database: at.scope.database };
  try {
    const document = (await checkpoints(context, name, verify)) as Shown['document'];
    return { text: lines.join('\n'), document, failed: undefined };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { text: lines.join('\n'), document: error.document as Shown['document'], failed: error.message };
  }
}

it('lists steps, attempts, states, sizes, digests and reasons, newest first', async () => {
  await at.save(10);
  await at.save(20, { epoch: 2, metrics: { loss: 0.25 } });
  await at.write(30, { files: { 'optimizer.pt': null } });
  await at.register(30);
  const { text, document, failed } = await show(false);
  expect(failed).toBeUndefined();
  const [heads, newest, middle] = text.split('\n');
  expect(heads).toMatch(/^STEP +ATTEMPT +STATE +SIZE +RANKS +SAVED \(UTC\) +DIGEST +COPY +REASON$/);
  expect(newest).toMatch(
    /^30 +1 +quarantined .* optimizer.pt is missing \(its files are still to be moved\)$/,
  );
  const row = (await checkpointRows(at.scope)).find(({ step }) => step === 20);
  expect(middle).toMatch(new RegExp(`^20 +2 +verified +\\d+ B +1 .* ${row?.digest?.slice(0, 12)}$`));
  expect(document.checkpoints.map(({ step, state }) => [step, state])).toEqual([
    [30, 'quarantined'],
    [20, 'verified'],
    [10, 'verified'],
  ]);
  expect(document.checkpoints[1]).toMatchObject({
    attempt: 2,
    ranks: 1,
    metrics: { loss: 0.25 },
    digest: row?.digest,
  });
  expect(document.damaged).toBeUndefined();
});

it('--verify tells damaged ones, ends as failed, and leaves them where they are', async () => {
  await at.save(10);
  await appendFile(join(await at.save(20), 'optimizer.pt'), 'x');
  const { text, document, failed } = await show(true);
  expect(failed).toBe('1 checkpoint is damaged: step 20');
  expect(text).toMatch(/^20 .*damaged .*optimizer.pt has 65 bytes instead of 64$/m);
  expect(text).toMatch(/^10 .*verified, whole/m);
  expect(document).toMatchObject({ damaged: [20] });
  expect((await checkpointRows(at.scope)).map(({ state }) => state)).toEqual(['verified', 'verified']);
  expect((await show(true)).failed).toBe(failed);
});

it('--verify of whole ones is no failure', async () => {
  await at.save(10);
  const { document, failed } = await show(true);
  expect(failed).toBeUndefined();
  expect(document).toMatchObject({ damaged: [], checkpoints: [{ check: { found: 'whole' } }] });
});

it('says unknown of files on another host, and damaged of the same on this one', async () => {
  await at.addAttempt(1, 'ended');
  await at.save(10);
  await rename(join(at.scope.root, 'tested'), join(at.scope.root, 'elsewhere'));
  expect((await show(true)).text).toMatch(/^10 .*unknown .*it is on host here$/m);
  await at.scope.database.updateTable('training_attempts').set({ host: hostname() }).execute();
  expect((await show(true)).failed).toBe('1 checkpoint is damaged: step 10');
  await rm(join(at.scope.root, 'elsewhere'), { recursive: true });
});

it('shows names that a trainer chose without their escapes', async () => {
  await at.save(10);
  await appendFile(join(at.output(1), 'checkpoint-10', '\u001b[2Jgone\nSTEP'), 'x');
  const { text } = await show(true);
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/\u001b/);
  expect(text.split('\n')).toHaveLength(2);
});

it('an unknown run is refused, one without checkpoints is not', async () => {
  expect((await show(false, 'other')).failed).toBe('no training run other');
  expect((await show(false)).text).toBe('training/tested has no checkpoint yet');
});
