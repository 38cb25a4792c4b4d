/** The page of a dataset: its figures, hostile names, and nothing that could act or call out. */
import { expect, it } from 'vitest';
import { renderDataset } from '../../../clients/report/dataset/render-dataset.ts';
import { type DatasetReport, programFigures } from '../../../clients/report/dataset/report-data.ts';
import type { SelectionReport } from '../../../workflows/dataset/selection-report.ts';
import { evilCorpus, marker } from '../../support/evil-corpus.ts';

const estimate = (mean: number) => ({ mean, standardError: 0.1, low: mean - 0.1, high: mean + 0.1 });
const score = (mean: number, executions = 10) => ({
  ...{ ...estimate(mean), executions, near: false },
  ...{ llmCalls: 3, tokens: 100 * mean, costUsd: 0.01 },
  solved: { always: 10 * mean, partly: 0, never: 10 - 10 * mean },
});

function selection(names: readonly string[]): SelectionReport {
  return {
    ...{ v: 1, programs: ['single', 'debate', 'unused'], queries: 30, dropped: 2, repeats: 1 },
    ...{ rule: 'best', cost: 'tokens', crossFit: 'queries', groupBy: 'subject' },
    ...{ clustering: null, permutation: null, overall: { inSample: 0.8, crossFitted: 0.7 } },
    groups: names.map((group, index) => ({
      ...{ group, exemplar: group, queries: 10 * (index + 1), observed: 10 * (index + 1) },
      ...{ chosen: 1, why: 'alone', tied: 1, inSample: estimate(0.8), crossFitted: estimate(0.7) },
      scores: [score(0.4), score(index === 0 ? 0.5 : 0.8, 20), score(0, 0)],
    })),
  };
}

function reportOf(names: readonly string[], given: Partial<DatasetReport> = {}): DatasetReport {
  const chosen = selection(names);
  return {
    result: {
      ...{ run: 'dataset/x', rows: 25, cells: 90, dropped: 5, files: {}, groups: [], simulated: true },
      refinement: {
        ...{ tried: 20, accepted: 12, kept: 8, refused: { leaked: 5, scoredLower: 3 } },
        caught: {
          constantDriver: { count: 2, queries: ['ab12', 'cd34'] },
          similarQuery: { count: 0, queries: [] },
        },
      },
      usage: { llmCalls: 500, tokensIn: 1_000, tokensCached: 0, tokensOut: 2_000, costUsd: 1.5 },
    },
    ...{ selection: chosen, programs: programFigures(chosen) },
    failures: [{ program: 'debate', kind: 'callLimit', count: 4 }],
    lengths: { query: [10, 20, 30], reasoning: [], program: [200, 300, 400] },
    ...given,
  };
}

it('weighs groups by their queries and executions by their number', () => {
  const [debate, single, unused] = programFigures(selection(['a', 'b']));
  expect(debate).toMatchObject({ program: 'debate', chosenBy: 2, executions: 40, llmCalls: 3 });
  expect(debate?.mean).toBeCloseTo((0.5 * 10 + 0.8 * 20) / 30, 12);
  expect(debate?.tokens).toBeCloseTo(65, 12);
  expect(single?.mean).toBeCloseTo(0.4, 12);
  expect(unused).toMatchObject({ program: 'unused', mean: 0, executions: 0, groups: [], costUsd: 0 });
});

it('shows what the build gave, and says that it is simulated', async () => {
  const page = await renderDataset(reportOf(['mathematics', 'code']));
  for (const text of ['Simulated.', '25 rows', '80.0 → 70.0', '12 of 20', 'leaked', 'callLimit', 'ab12 cd34'])
    expect(page).toContain(text);
  expect(page).toContain('similarQuery: caught nothing');
  expect(page.match(/<figure\b/g)).toHaveLength(5);
  expect(page).toContain('Distribution of scores');
  // The heat map and the distributions name the domains, not their ticks alone.
  expect(page.match(/>mathematics</g)?.length).toBeGreaterThan(2);
  expect(await renderDataset(reportOf(['mathematics', 'code']))).toBe(page);
});

it('a selection of an earlier release has no distributions, and many groups have five', async () => {
  const report = reportOf(['a', 'b']);
  const groups = report.selection.groups.map((group) => ({
    ...group,
    scores: group.scores.map(({ solved: _solved, ...rest }) => rest),
  }));
  const old = { ...report.selection, groups };
  const without = await renderDataset({ ...report, selection: old, programs: programFigures(old) });
  expect(without).not.toContain('Distribution of scores');
  const names = Array.from({ length: 70 }, (_, index) => `group ${index}`);
  expect(await renderDataset(reportOf(names))).toContain('The 5 largest of 70 groups.');
});

it('a build without rows, failures or executions is a page, too', async () => {
  const empty = { ...selection([]), programs: ['single'], groups: [] };
  const lengths = { query: [], reasoning: [], program: [] };
  const programs = programFigures(empty);
  const page = await renderDataset(reportOf([], { selection: empty, programs, failures: [], lengths }));
  expect(page).toContain('There are no rows.');
  expect(page).toContain('No program failed');
  expect(page).not.toContain('NaN');
});

it.each(Object.entries(evilCorpus))('%s does nothing', async (_, text) => {
  const page = await renderDataset(reportOf([text], { failures: [{ program: text, kind: text, count: 1 }] }));
  expect(page).toContain(marker);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1];
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/,
  );
  expect(page).not.toMatch(/<(script|img|iframe|foreignObject|textarea)\b/i);
  expect(page.match(/<style>/g)).toHaveLength(1);
  expect(page).not.toMatch(/<[^>]* on[a-z]+=/i);
  expect(page).not.toMatch(/(href|src)="(?!#)/);
});
