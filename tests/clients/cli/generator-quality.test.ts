/** What counts as a program that runs: the generator's own, also where it wrote the fallback's very text; never the fallback. */
import { expect, it } from 'vitest';
import { readPool } from '../../../activities/mas/pool.ts';
import { generatorQuality } from '../../../clients/cli/generator-quality.ts';
import { type ReportItem, reportDataSchema } from '../../../workflows/evaluation/report-data.ts';

it('counts by kind of query and form of program', async () => {
  const pool = await readPool();
  const fallback = pool.get('cot-self-consistency');
  const written = pool.get('single').source.replace('Close with', 'As a tutor, close with');
  const system = 'generator:tiny';
  const item = (queryId: string, given: Partial<ReportItem>): object => ({
    ...{ queryId, system, benchmark: 'b', driver: 'd', query: 'q', gold: 'g', answer: 'a' },
    ...{ extracted: null, score: 0, reason: 'r', ...given },
  });
  const report = reportDataSchema.parse({
    ...{ v: 1, title: 't', simulated: true, benchmarks: [], drivers: [], rows: [] },
    provenance: { run: 'evaluation/x', createdAt: new Date(0).toISOString(), input: {}, seed: 0 },
    systems: [{ id: system, kind: 'generator', programSha256: fallback.sha256 }],
    items: [
      item('maths-1', { programSha256: 'own', generated: true }),
      item('maths-2', { programSha256: 'own', generated: true, failure: 'raised' }),
      item('code-1', { programSha256: fallback.sha256, generated: true }),
      item('code-2', { programSha256: fallback.sha256, generated: false }),
      item('code-2', { system: 'single', programSha256: 'own' }),
    ],
    programs: {
      own: { id: 'generated', source: written },
      [fallback.sha256]: { id: fallback.id, source: fallback.source },
    },
    usage: { llmCalls: 0, tokensIn: 0, tokensCached: 0, tokensOut: 0, costUsd: 0 },
  });
  const kindOf = (id: string): string => id.split('-')[0] ?? '';
  expect(generatorQuality(report, { system, forms: pool.list(), kindOf })).toEqual({
    executableRate: 0.5,
    n: 4,
    choices: { maths: { single: 2 }, code: { 'cot-self-consistency': 1 } },
  });
  expect(generatorQuality(report, { system: 'absent', forms: pool.list(), kindOf })).toEqual({
    executableRate: 0,
    n: 0,
    choices: {},
  });
});
