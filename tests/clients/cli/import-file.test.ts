/** Foreign files are parsed in a process that may run out of memory without taking the command along. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importFile } from '../../../clients/cli/import-file.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-import-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('importFile', () => {
  it('hands over queries and rejected rows', async () => {
    const file = join(directory, 'rows.jsonl');
    const line = (n: number): string =>
      JSON.stringify({ question: `How many, ${n}?\u2028`, answer: `#### ${n}` });
    await writeFile(file, `${line(1)}\n{"question"\n${line(2)}\n`);
    const { queries, rejected } = await importFile({ file, source: 'gsm8k' });
    expect(queries.map(({ gold }) => gold)).toMatchObject([{ value: '1' }, { value: '2' }]);
    expect(rejected).toMatchObject([{ line: 2, reason: expect.stringContaining('not JSON') }]);
  });

  it('reads 100,000 lines, a file larger than the memory that it may take', async () => {
    const file = join(directory, 'large.jsonl');
    const padding = 'x'.repeat(1_600);
    const rows = Array.from(
      { length: 100_000 },
      (_, n) =>
        `{"question":"How many, ${n}?","answer":"${n % 1_000 === 0 ? 'none' : `#### ${n}`}","padding":"${padding}"}\n`,
    );
    await writeFile(file, rows);
    const { queries, rejected, rows: count } = await importFile({ file, source: 'gsm8k', heapMb: 128 });
    expect((await stat(file)).size).toBeGreaterThan(128 * 1024 ** 2);
    expect([queries.length, rejected.length, count]).toEqual([99_900, 100, 100_000]);
    expect(rejected[1]).toMatchObject({ file: 'large.jsonl', line: 1_001 });
  }, 240_000);

  it('says what is wrong with the file', async () => {
    const file = join(directory, 'empty.jsonl');
    await writeFile(file, '');
    await expect(importFile({ file, source: 'gsm8k' })).rejects.toThrow(/empty\.jsonl is empty/);
  });

  it('survives a file that exhausts the parser', async () => {
    const file = join(directory, 'many.jsonl');
    const rows = Array.from({ length: 200_000 }, (_, n) => `{"query":"How many, ${n}?","gt":"1"}\n`);
    await writeFile(file, rows.join(''));
    await expect(importFile({ file, source: 'rows', heapMb: 24 })).rejects.toThrow(/split the file/);
  }, 240_000);
});
