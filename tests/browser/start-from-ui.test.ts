/** The four workflows started from the start form of Temporal's own UI, in a real Chromium, on a stack of their own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attachOrStartStack, type Stack } from '../../clients/dev/stack.ts';
import { startLinks } from '../../clients/dev/start-links.ts';
import { loadConfig } from '../../workers/config/load.ts';
import { findChromium } from '../support/find-chromium.ts';

const executablePath = await findChromium();
if (!executablePath)
  process.stderr.write('no Chromium here: the UI tests are skipped (apt-get install chromium)\n');

describe.skipIf(!executablePath)('start form of the Temporal UI', () => {
  let home: string;
  let stack: Stack;
  let browser: Browser;
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'masgpt-ui-'));
    const config = await loadConfig({ env: process.env, flags: { home } });
    stack = await attachOrStartStack({ config, purpose: 'ui test', note: () => undefined });
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

  /** Fills the form behind a start link as a person does. */
  async function fillForm(workflow: string, workflowId: string, input: string): Promise<Page> {
    const link = new URL(
      startLinks(stack.temporal, 'masgpt').find((known) => known.workflow === workflow)?.url ?? '',
    );
    link.searchParams.set('workflowId', workflowId);
    const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
    await page.goto(link.href, { waitUntil: 'networkidle' });
    if (input !== '') {
      await page.locator('.cm-content').first().click();
      await page.keyboard.insertText(input);
      await page.locator('#workflowType').click();
    }
    return page;
  }

  /** Waits until Temporal has the workflow. */
  async function startFromForm(workflow: string, workflowId: string, input: string): Promise<Page> {
    const page = await fillForm(workflow, workflowId, input);
    await page.getByTestId('start-workflow-button').click();
    while (!(await isKnown(workflowId))) await sleep(200);
    return page;
  }

  async function isKnown(workflowId: string): Promise<boolean> {
    return client.workflow
      .getHandle(workflowId)
      .describe()
      .then(
        () => true,
        (error: unknown) => {
          if (error instanceof WorkflowNotFoundError) return false;
          throw error;
        },
      );
  }

  /** The text of the workflow's own page in the UI. */
  async function openPage(page: Page, workflowId: string, ...shows: (string | RegExp)[]): Promise<void> {
    const { runId } = await client.workflow.getHandle(workflowId).describe();
    const path = `namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;
    await page.goto(`${stack.temporal.uiUrl}/${path}`, { waitUntil: 'networkidle' });
    for (const text of shows) await page.getByText(text).first().waitFor();
  }

  test('answerQuery answers, and its page shows the answer', async () => {
    const input = { query: 'What is 17 * 23?', program: 'cot-self-consistency' };
    const page = await startFromForm('answerQuery', 'answer/ui', JSON.stringify(input));
    const result = await client.workflow.getHandle('answer/ui').result();
    expect(result).toMatchObject({ status: 'answered', answeredBy: 'chosen', simulated: true });
    await openPage(page, 'answer/ui', /Completed/, '"answeredBy": "chosen"');
  });

  test('buildDataset, superviseTraining and evaluateBenchmarks run to their ends', async () => {
    const dataset = { queries: [{ source: 'generated-train', limit: 12 }], programs: ['single', 'cot'] };
    const page = await startFromForm('buildDataset', 'dataset/ui', JSON.stringify(dataset));
    const built = await client.workflow.getHandle('dataset/ui').result();
    expect(built.rows).toBeGreaterThan(0);

    await startFromForm('superviseTraining', 'training/ui', JSON.stringify({ dataset: 'ui' }));
    const evaluation = { benchmarks: [{ name: 'generated-test' }], limit: 8, systems: ['single', 'debate'] };
    await startFromForm('evaluateBenchmarks', 'evaluation/ui', JSON.stringify(evaluation));
    const evaluated = await client.workflow.getHandle('evaluation/ui').result();
    expect(evaluated.results.map(({ n }: { n: number }) => n)).toEqual([8, 8]);
    const trained = await client.workflow.getHandle('training/ui').result();
    expect(trained.state).toBe('succeeded');
    await openPage(page, 'training/ui', /Completed/);
  }, 400_000);

  test.each([
    ['an empty form', '', 'query: '],
    ['a text', '"What is 17 * 23?"', 'the input: '],
    ['an unknown field', '{"query": "q", "querry": 1}', 'querry'],
    ['an unknown program', '{"query": "q", "program": "no-such"}', 'no-such'],
  ])('%s fails at once and says why', async (_, input, word) => {
    const workflowId = `answer/bad-${word.replace(/\W+/g, '-').toLowerCase()}x`;
    const page = await startFromForm('answerQuery', workflowId, input);
    const thrown = await client.workflow
      .getHandle(workflowId)
      .result()
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(WorkflowFailedError);
    let root: unknown = thrown;
    while (root instanceof Error && !(root instanceof ApplicationFailure)) root = root.cause;
    expect(root).toMatchObject({ type: 'Input.Invalid' });
    const { message } = root as ApplicationFailure;
    expect(message).toContain(word);
    await openPage(page, workflowId, /Failed/, message.slice(0, 24));
  });

  test('JSON that does not parse cannot be sent: the form keeps its button disabled', async () => {
    const page = await fillForm('answerQuery', 'answer/never', '{"query": ');
    const button = page.getByTestId('start-workflow-button');
    await expect.poll(() => button.isDisabled()).toBe(true);
    expect(await isKnown('answer/never')).toBe(false);
  });
});
