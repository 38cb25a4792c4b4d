/** Queries whose tests Python cannot compile are found in the real sandbox; sound ones, and those without tests, are left alone. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importReportSchema } from '../../../activities/benchmarks/importers/import-report.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { importSource } from '../../../clients/cli/import-source.ts';
import { configSchema } from '../../../workers/config/schema.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'masgpt-tests-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

it('an import leaves out queries whose tests do not compile, by file and line', async () => {
  const row = (id: number, test: string, setup = '') => ({
    task_id: 600 + id,
    text: `Write a function, ${id}.`,
    code: 'def f(x):\n    return x',
    test_list: ['assert f(1) == 1', test],
    test_setup_code: setup,
  });
  const rows = [
    row(1, 'assert f(2) == 2'),
    row(2, 'assert f(2) == == 2'),
    row(3, 'assert f(2) == 2', 'import math as'),
    row(4, 'import sys; sys.exit(1)'),
    row(5, 'assert f("\u0000") == 1'),
  ];
  const location = join(home, 'mbpp.jsonl');
  await writeFile(location, rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const notes: string[] = [];
  const context = {
    config: configSchema.parse({ home }),
    output: { note: (text: string) => notes.push(text) },
  };
  const { imported, reportSha256 } = await importSource(context as never, { source: 'mbpp', location });
  // A test that ends its process compiles: it is for the grader to say that nobody passes it.
  expect(imported.queries.map(({ text }) => text.slice(0, 19))).toEqual([
    'Write a function, 1',
    'Write a function, 4',
  ]);
  expect(imported.rejected).toMatchObject(
    [2, 3, 5].map((line) => ({
      file: 'mbpp.jsonl',
      line,
      reason: expect.stringContaining('tests do not compile'),
    })),
  );
  const blobs = createDirectoryBlobs(join(home, 'blobs'));
  const report = importReportSchema.parse(JSON.parse(await blobs.getText(reportSha256)));
  expect(report).toMatchObject({ rows: 5, queries: { count: 2 }, rejected: { count: 3 } });
});
