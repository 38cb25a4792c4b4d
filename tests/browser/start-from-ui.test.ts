/** The four workflows started from the start form of Temporal's own UI, in a real Chromium, on a stack of their own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'masgpt-ui-'));
    const config = await loadConfig({ env: process.env, flags: { home } });
    stack = await attachOrStartStack({ config, purpose: 'ui test', note: () => undefined });
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  const start = async (workflow: string, input: string): Promise<Page> => {
    const link = startLinks(stack.temporal, 'masgpt').find((known) => known.workflow === workflow);
    const page = await browser.newPage();
    await page.goto(link?.url ?? '', { waitUntil: 'networkidle' });
    if (input !== '') {
      await page.locator('.cm-content').first().click();
      await page.keyboard.insertText(input);
    }
    await page.getByTestId('start-workflow-button').click();
    await page
      .getByTestId('workflow-status-alert')
      .or(page.getByText(/Workflow (started|Started)/))
      .first()
      .waitFor({ timeout: 2_000 })
      .catch(() => undefined);
    return page;
  };
  const ending = async (page: Page): Promise<string> => {
    await page.goto(page.url());
    return page.title();
  };

  test('explore', async () => {
    const page = await start('answerQuery', '{"query": "What is 17 * 23?", "program": "single"}');
    await page.waitForTimeout(8000);
    await page.screenshot({ path: '/tmp/ui/after.png' });
    expect(await ending(page)).toBe('');
  });
});
