/** A training run that waits, seen and operated in Temporal's own UI, in a real Chromium, on a stack of its own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createDirectoryBlobs } from '../../activities/storage/blobs-directory.ts';
import { openDatabase } from '../../activities/storage/database.ts';
import { toJson } from '../../activities/storage/encode.ts';
import { attachOrStartStack, type Stack } from '../../clients/dev/stack.ts';
import { loadConfig } from '../../workers/config/load.ts';
import type { Progress } from '../../workflows/shared/progress.ts';
import { findChromium } from '../support/find-chromium.ts';
import { until } from '../support/training-parts.ts';

const executablePath = await findChromium();
if (!executablePath)
  process.stderr.write('no Chromium here: the UI tests are skipped (apt-get install chromium)\n');

const standIn = fileURLToPath(new URL('../support/stand-in-trainer.py', import.meta.url));

describe.skipIf(!executablePath)('a training run in the Temporal UI', () => {
  let home: string;
  let stack: Stack;
  let browser: Browser;
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'masgpt-ui-'));
    const configFile = join(home, 'masgpt.config.yaml');
    await mkdir(join(home, 'recipes'));
    await writeFile(configFile, stringify({ training: { recipes: join(home, 'recipes') } }));
    const faults = [{ at: 'step', step: 25, kind: 'valueError' }];
    const recipe = {
      ...{ kind: 'command', v: 1, maxSteps: 40, saveSteps: 10, checkpointFiles: ['state.json'] },
      ...{ command: ['/usr/bin/env', 'python3', standIn], options: { faults } },
    };
    await writeFile(join(home, 'recipes', 'failing.yaml'), stringify(recipe));
    const config = await loadConfig({ env: process.env, file: configFile, flags: { home } });
    stack = await attachOrStartStack({ config, configFile, purpose: 'ui test', note: () => undefined });
    const database = openDatabase(stack.databaseUrl);
    const files = { 'sft.jsonl': await createDirectoryBlobs(join(home, 'blobs')).put('{"messages":[]}\n') };
    await database
      .insertInto('runs')
      .values({
        ...{ namespace: 'default', kind: 'dataset', name: 'rows', tenant: 'default', state: 'succeeded' },
        ...{ workflow_id: 'x', first_run_id: 'x', run_id: 'x', input_hash: 'x', input: toJson({}) },
        result: toJson({ rows: 1, files }),
      })
      .execute();
    await database.destroy();
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
    connection = await Connection.connect({ address: stack.temporal.address });
    client = new Client({ connection });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await connection?.close();
    await stack?.[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  const progressOf = (workflowId: string): Promise<Progress | undefined> =>
    client.workflow
      .getHandle(workflowId)
      .query<Progress>('progress')
      .catch(() => undefined);

  const waiting = (workflowId: string, attempts: number) =>
    until(async () => {
      const progress = await progressOf(workflowId);
      return (
        progress?.state === 'needsOperator' && progress.training?.attempts.length === attempts && progress
      );
    });

  async function send(page: Page, update: string, data: string): Promise<void> {
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByRole('menuitem', { name: 'Send an Update' }).click();
    const dialog = page.locator('[role=dialog]:visible, dialog[open]').filter({ hasText: 'Update ID' });
    await dialog.locator('button[data-variant=secondary]').first().click();
    await page.locator('[role=option]:visible').filter({ hasText: update }).click();
    await dialog.locator('.cm-content').click();
    await page.keyboard.insertText(data);
    // The editor formats what it holds when it is left, and the button moves.
    await dialog.locator('#update-id').click();
    await dialog.getByRole('button', { name: 'Submit' }).click();
  }

  test('says why it waits and what can be done, and goes on by an update', async () => {
    const workflowId = 'training/seen';
    await client.workflow.start('superviseTraining', {
      ...{ taskQueue: 'masgpt', workflowId, args: [{ dataset: 'rows', recipe: 'failing' }] },
    });
    await waiting(workflowId, 2);
    const page = await browser.newPage({ viewport: { width: 1400, height: 1600 } });
    const address = `${stack.temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
    await page.goto(address);
    await page.getByText('User Metadata').first().click();
    // The UI shows details in a frame of its own.
    const shown = await until(async () => {
      const texts = await Promise.all(page.frames().map((frame) => frame.locator('body').innerText()));
      return texts.find((text) => text.includes('needsOperator') && text.includes('Seen:'));
    });
    for (const words of ['Last verified checkpoint: step 20', 'masgpt training resume seen', '{"step":10}'])
      expect(shown.replace(/\s+/g, ' ')).toContain(words);

    await send(page, 'retryFromCheckpoint', '{"step":10,"by":"Ada","why":"seen in the UI"}');
    // It fails there again, and once more to confirm it.
    const { training } = await waiting(workflowId, 4);
    expect(training?.attempts[2]).toMatchObject({ fromStep: 10 });
    expect(training?.operations).toMatchObject([
      { update: 'retryFromCheckpoint', by: 'Ada', why: 'seen in the UI', argument: '{"step":10}' },
    ]);
    await client.workflow.getHandle(workflowId).cancel();
    await until(async () => (await progressOf(workflowId))?.state === 'cancelled');
  }, 240_000);
});
