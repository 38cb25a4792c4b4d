/** The report as a file: self-contained, safe over the evil corpus, small with 5,000 items, and in a real browser. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../../clients/report/render-report.ts';
import { reportDataSchema } from '../../../workflows/evaluation/report-data.ts';
import { evilCorpus } from '../../support/evil-corpus.ts';
import { findChromium } from '../../support/find-chromium.ts';
import { sampleReport } from './sample-report.ts';

const small = sampleReport({ queries: 12 });
const page = await renderReport(small);
const evilTexts = Object.values(evilCorpus).map((text) => text.slice(0, 3_000));
const evil = sampleReport({
  queries: 4,
  benchmarks: ['gsm8k'],
  text: (index) => evilTexts[index % evilTexts.length] ?? '',
});
const evilPage = await renderReport(evil);

describe.each([
  ['an ordinary report', page],
  ['a report of the evil corpus', evilPage],
])('%s', (_name, html) => {
  it('holds nothing that its policy would have to forbid', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/,
    );
    expect(inner(html, 'script').map(hashOf)).toEqual([/script-src '([^']+)'/.exec(policy)?.[1]]);
    expect(inner(html, 'style').map(hashOf)).toEqual([/style-src '([^']+)'/.exec(policy)?.[1]]);
  });

  it('has only our own tags and attributes: no handlers, inline styles, embedded or external things', () => {
    const tags = [...withoutInline(html).matchAll(/<([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/g)];
    expect(tags.length).toBeGreaterThan(200);
    const allowed = new Set(allowedTags.split(' '));
    expect(
      [...new Set(tags.map((tag) => tag[1]?.toLowerCase() ?? ''))].filter((tag) => !allowed.has(tag)),
    ).toEqual([]);
    const attributes = tags.flatMap((tag) => [...(tag[2] ?? '').matchAll(/([\w:-]+)(?:="([^"]*)")?/g)]);
    expect(
      attributes.filter(([, name]) => /^on|^style$|^src|^action$|^formaction$/i.test(name ?? '')),
    ).toEqual([]);
    const links = attributes.filter(([, name]) => /href$/i.test(name ?? '')).map((attribute) => attribute[2]);
    expect(links.filter((link) => !link?.startsWith('#'))).toEqual([]);
    // Every "<" opens or closes one of these tags: foreign ones are escaped.
    expect(withoutInline(html).match(/</g)?.length).toBe(
      tags.length + (withoutInline(html).match(/<\/[a-z\d]+>|<!DOCTYPE html>/g)?.length ?? 0),
    );
  });

  it('has no control characters and no lone surrogates', () => {
    // eslint-disable-next-line no-control-regex
    expect(html).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\p{Cs}]/u);
  });

  it('says that models were simulated, in the title and at the top', () => {
    expect(html).toMatch(/<title>[^<]*\(simulated\)<\/title>/);
    expect(html.indexOf('class="banner"')).toBeLessThan(html.indexOf('id="summary"'));
  });
});

it('says nothing of simulation when no model was', async () => {
  const real = await renderReport({ ...small, simulated: false });
  expect(real).not.toContain('class="banner"');
  expect(real).not.toContain('(simulated)</title>');
});

it('states every row, item, program and call of a small report', () => {
  const data = reportDataSchema.parse(small);
  expect(page.match(/class="a"/g)).toHaveLength(data.items.length);
  expect(page.match(/class="program"/g)).toHaveLength(Object.keys(data.programs).length);
  expect(page.match(/<li><p class="use">/g)).toHaveLength(
    data.items.reduce((sum, item) => sum + item.calls.length, 0),
  );
  for (const row of data.rows)
    expect(page).toContain(`${(row.accuracy * 100).toFixed(1)}<td class="interval">`);
  expect(page.match(/role="img"/g)).toHaveLength(2 * data.benchmarks.length);
});

it.each([
  { queries: 5_000, systems: ['single'] },
  {
    queries: 714,
    systems: [
      'single',
      'chain-of-thought',
      'self-consistency',
      'debate',
      'self-refine',
      'expert-panel',
      'generator:tiny-run',
    ],
  },
])('stays below 3 MB for about 5,000 items of $queries queries', async (sample) => {
  const html = await renderReport(sampleReport({ ...sample, benchmarks: ['gsm8k'] }));
  expect(Buffer.byteLength(html)).toBeLessThan(3_000_000);
  expect(html.match(/class="a"/g)).toHaveLength(sample.queries * sample.systems.length);
});

it('is a report even when nothing was measured', async () => {
  const empty = await renderReport({
    ...small,
    rows: [],
    items: [],
    comparisons: [],
    fronts: [],
    programs: {},
  });
  expect(empty).toContain('id="summary"');
});

const executable = await findChromium();

it.skipIf(!executable)(
  'in Chromium: no request, no error, filters work, links open their program',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'masgpt-report-'));
    const file = join(directory, 'report.html');
    await writeFile(file, page);
    const evilFile = join(directory, 'evil.html');
    await writeFile(evilFile, evilPage);
    const browser = await chromium.launch({ executablePath: executable ?? '', args: ['--no-sandbox'] });
    try {
      const tab = await browser.newPage();
      const trouble: string[] = [];
      tab.on('console', (message) => trouble.push(message.text()));
      tab.on('pageerror', (error) => trouble.push(String(error)));
      tab.on('dialog', (dialog) => trouble.push(dialog.message()));
      tab.on('request', (request) => {
        if (!request.url().startsWith('file:')) trouble.push(request.url());
      });
      await tab.goto(pathToFileURL(evilFile).href);
      expect(await tab.locator('#f-n').textContent()).toBe('28 of 28 results');
      await tab.goto(pathToFileURL(file).href);
      await tab.selectOption('#f-v', 'f');
      const data = reportDataSchema.parse(small);
      const failed = data.items.filter((item) => item.failure !== undefined).length;
      await tab.getByText(`${failed} of ${data.items.length} results`).waitFor();
      expect(await tab.locator('.q:visible').count()).toBeLessThanOrEqual(failed);
      await tab.selectOption('#f-v', '');
      await tab.locator('.q > summary').first().click();
      await tab.locator('.q').first().getByRole('link', { name: 'program' }).first().click();
      await tab.locator('details.program[open] pre').first().waitFor();
      expect(trouble).toEqual([]);
    } finally {
      await browser.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
);

const allowedTags =
  'html head meta title style body a header h1 h2 h3 p strong nav ul ol li main div table caption thead tbody tr th td span svg path circle g line text rect figure figcaption form label select option input output details summary i b s pre code dl dt dd br footer script';

/** Contents of all elements of this name, as a browser cuts them. */
function inner(html: string, tag: string): string[] {
  return [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))].map((match) => match[1] ?? '');
}

function withoutInline(html: string): string {
  return html.replace(/<(script|style)>[\s\S]*?<\/\1>/g, '');
}

function hashOf(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`;
}
