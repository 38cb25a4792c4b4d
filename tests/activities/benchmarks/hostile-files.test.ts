/** What is wrong with a file is told by file, line and reason; the rest is kept; what could exhaust the reader is refused. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer/src/node.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeImport } from '../../../activities/benchmarks/importers/describe-import.ts';
import { importQueries } from '../../../activities/benchmarks/importers/import-queries.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-hostile-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(content: string | Buffer, name = 'rows'): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

async function read(content: string | Buffer, source = 'gsm8k') {
  return importQueries({ file: await file(content), source });
}

const row = (question: string, answer = '#### 1'): string => JSON.stringify({ question, answer });

describe('the form is told by the content, not by the name', () => {
  it.each<[string, string, () => string | Buffer]>([
    ['jsonl', 'JSON lines', () => `\n  \n${row('a')}\n\n${row('b')}`],
    ['jsonl.gz', 'JSON lines in gzip', () => gzipSync(`${row('a')}\n${row('b')}\n`)],
    ['json', 'an array', () => `[\n${row('a')},\n${row('b')}\n]\n`],
    ['json.gz', 'an array in gzip', () => gzipSync(`\ufeff[${row('a')},${row('b')}]`)],
    ['json', 'objects over many lines', () => `{\n "question": "a",\n "answer": "#### 1"}\n${row('b')}`],
    ['csv', 'CSV with other columns, in another order', () => 'id,answer,question\n7,#### 1,a\n8,#### 1,b'],
    [
      'csv.gz',
      'CSV in gzip, CRLF, quoted',
      () => gzipSync('"question","answer"\r\n"a","x\r\n#### 1"\r\n"b","#### 1"\r\n'),
    ],
  ])('%s: %s', async (format, _name, content) => {
    const { queries, rejected, files } = await read(content());
    expect(rejected).toEqual([]);
    expect(queries.map(({ text }) => text)).toEqual(['a', 'b']);
    expect(files).toMatchObject([{ format, rows: 2 }]);
  });

  it('parquet of Arrow: lists, zstd, dictionaries, null', async () => {
    const { queries, rejected } = await read(Buffer.from(arrowFile, 'base64'), 'mmlu');
    expect(queries.map(({ gold }) => gold)).toEqual([
      { kind: 'choice', letter: 'D', options: ['a', 'b', 'c', 'd'] },
      { kind: 'choice', letter: 'A', options: ['a', 'b'] },
    ]);
    expect(rejected).toMatchObject([{ line: 3, reason: expect.stringContaining('question') }]);
  });
});

describe('bad rows', () => {
  it('of mixed forms are left out of JSON lines', async () => {
    const { queries, rejected } = await read(
      [row('a'), 'b,#### 2', `[${row('c')}]`, `${row('d')},`, '', row('e')].join('\n'),
    );
    expect(queries.map(({ text }) => text)).toEqual(['a', 'e']);
    expect(rejected.map(({ file: name, line }) => `${name}:${line}`)).toEqual(['rows:2', 'rows:3', 'rows:4']);
  });

  it('are left out of an array, and what follows it is named', async () => {
    const { queries, rejected } = await read(
      `[${row('a')}, oops, {"question": "b"}}, ${'['.repeat(70)}${']'.repeat(70)}, ${row('c')}]\n${row('d')}`,
    );
    expect(queries.map(({ text }) => text)).toEqual(['a', 'c']);
    expect(rejected).toMatchObject([
      { line: 2, reason: expect.stringContaining('not JSON') },
      { line: 3, reason: expect.stringContaining('not JSON') },
      { line: 4, reason: expect.stringContaining('nested') },
      { line: 6, reason: expect.stringContaining('nothing after it is read') },
    ]);
  });

  it('are named by their first line in CSV', async () => {
    const { queries, rejected } = await read(
      'question,answer\n"a\nb",#### 1\nc\n\n"d\n\ne",x\n,#### 1\nf,#### 1\n',
    );
    expect(queries.map(({ text }) => text)).toEqual(['a\nb', 'f']);
    expect(rejected.map(({ line }) => line)).toEqual([4, 6, 9]);
  });

  it('are not UTF-8', async () => {
    const latin = Buffer.from('caf\u00e9', 'latin1');
    const bytes = (...parts: (string | Buffer)[]): Buffer =>
      Buffer.concat(parts.map((part) => Buffer.from(part)));
    for (const content of [
      bytes('{"question":"', latin, '","answer":"#### 1"}\n', row('b')),
      bytes('[{"question":"', latin, '","answer":"#### 1"},', row('b'), ']'),
      bytes('question,answer\n', latin, ',#### 1\nb,#### 1\n'),
    ]) {
      const { queries, rejected } = await read(content);
      expect(queries.map(({ text }) => text)).toEqual(['b']);
      expect(rejected).toMatchObject([{ reason: expect.stringContaining('UTF-8') }]);
    }
  });

  it('have no gold, or one that is not among the options', async () => {
    const options = ['A)1', 'B)2'];
    const lines = [
      { question: 'a', options, correct: 'C' },
      { question: 'b', options, correct: '' },
      { question: 'c', options: [], correct: 'A' },
      { question: 'd', options: ['A)', 'B)2'], correct: 'A' },
      { question: 'e', options, correct: 'B' },
    ];
    const { queries, rejected } = await read(lines.map((line) => JSON.stringify(line)).join('\n'), 'aqua');
    expect(queries).toHaveLength(1);
    expect(rejected.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  });
});

describe('conflicts', () => {
  it('leave out every row of a query with several golds, and keep the first of equal rows', async () => {
    const first = await file([row('a', '#### 1,000'), row('b'), row('c')].join('\n'), 'one.jsonl');
    const second = await file(
      [row(' b ', '#### 2'), row('a', 'other words #### 1000'), row('b'), row('d')].join('\n'),
      'two.jsonl',
    );
    const imported = await importQueries({
      file: [
        { path: first, name: 'one.jsonl' },
        { path: second, name: 'two.jsonl' },
      ],
      source: 'gsm8k',
    });
    expect(imported.queries.map(({ text }) => text)).toEqual(['a', 'c', 'd']);
    expect(imported.rejected).toEqual([
      { file: 'one.jsonl', line: 2, reason: 'the same query stands at two.jsonl:1 with another gold' },
      { file: 'two.jsonl', line: 1, reason: 'the same query stands at one.jsonl:2 with another gold' },
      { file: 'two.jsonl', line: 2, reason: 'the same query stands above, at one.jsonl:1' },
      { file: 'two.jsonl', line: 3, reason: 'the same query stands at one.jsonl:2 with another gold' },
    ]);
    const report = describeImport('gsm8k', imported, { sha256: 'a'.repeat(64) });
    expect(report).toMatchObject({ rows: 7, queries: { count: 3 }, rejected: { count: 4 }, duplicates: 1 });
    expect(report.conflicts).toMatchObject({ count: 1, rows: 3, listed: [{ text: 'b' }] });
    expect(report.conflicts.listed[0]?.rows.map(({ file: name, line }) => `${name}:${line}`)).toEqual([
      'one.jsonl:2',
      'two.jsonl:1',
      'two.jsonl:3',
    ]);
    expect(report.files[0]?.sha256).toBe(
      createHash('sha256')
        .update([row('a', '#### 1,000'), row('b'), row('c')].join('\n'))
        .digest('hex'),
    );
  });
});

describe('refused', () => {
  /** A row of 4,000 characters, 64 MB of it in 70 KB, 800 times over: 51 GB. */
  const bomb = (): Buffer => {
    const member = gzipSync(Buffer.alloc(64 * 1024 ** 2, `${' '.repeat(4_000)}${row('a')}\n`));
    return Buffer.concat(Array.from({ length: 800 }, () => member));
  };
  const parquet = (columns: Record<string, unknown[]>): string => {
    const filename = join(directory, 'rows.parquet');
    const columnData = Object.entries(columns).map(([name, data]) => ({ name, data }));
    parquetWriteFile({ filename, columnData });
    return filename;
  };
  const fifo = (): string => {
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    return path;
  };

  it.each<[string, () => string | Promise<string>, RegExp]>([
    ['gzip that expands to 51 GB', () => file(bomb()), /expands to more than/],
    ['gzip within gzip', () => file(gzipSync(gzipSync(row('a')))), /within gzip/],
    ['a device', () => '/dev/zero', /is not a file/],
    ['a pipe that nobody writes', fifo, /is not a file/],
    ['a zip archive', () => file('PK\u0003\u0004'), /zip archive: unpack/],
    [
      'a pointer of Git LFS',
      () => file('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      /git lfs pull/,
    ],
    ['a web page', () => file('\n<!DOCTYPE html>\n'), /web page/],
    ['binary data', () => file('a\0b'), /binary file/],
    ['UTF-16', () => file(Buffer.from('\ufeff[]', 'utf16le')), /UTF-16/],
    ['text of another form', () => file('one\ntwo\n'), /neither JSON nor CSV .* question, answer/],
    [
      'a quote that is never closed',
      () => file('question,answer\na,#### 1\n"b,#### 1\nc,#### 1\n'),
      /:3: .*quote/,
    ],
    ['half an array', () => file(`[${row('a')},`), /ends within its array, after 1 elements/],
    ['half a parquet file', () => file('PAR1............'), /its end is missing/],
    [
      'parquet without the columns',
      () => parquet({ q: ['a'], a: ['b'] }),
      /no column question, answer; there are q, a/,
    ],
    [
      'parquet whose footer claims more than there is',
      () => file(Buffer.from('PAR1\0\0\0\0\0\0\0\0\uffff\u00ff\u00ff\u00ffPAR1', 'latin1')),
      /its footer claims \d+ bytes/,
    ],
    [
      'parquet that repeats one text',
      () =>
        parquet({
          question: Array.from({ length: 400 }, () => 'x'.repeat(400_000)),
          answer: Array.from({ length: 400 }, () => '#### 1'),
        }),
      /expands to more than/,
    ],
    [
      'ten thousand rows of something else',
      () => file('{"problem": "a"}\n'.repeat(10_001)),
      /none of the first 10000 rows is one of GSM8K; the last: question/,
    ],
  ])(
    '%s',
    async (_name, path, message) => {
      await expect(importQueries({ file: await path(), source: 'gsm8k' })).rejects.toThrow(message);
    },
    240_000,
  );
});

/** Written by pyarrow 26: rows One (answer 3), Two (two choices), and one without a question. */
const arrowFile = [
  'UEFSMRUEFSAVMkwVBBUAEgAAKLUv/SAQgQAABAAAAE9uZT8EAAAAVHdvPxUAFRIVJCwVBhUQFQYVBhwAAAAotS/9IAlJAAACAAAA',
  'AwMBAwIVBBUWFShMFQIVABIAACi1L/0gC1kAAAcAAABhbmF0b215FQAVEhUkLBUGFRAVBhUGHAAAACi1L/0gCUkAAAIAAAAGAQEG',
  'ABUEFSgVOkwVCBUAEgAAKLUv/SAUoQAAAQAAAGEBAAAAYgEAAABjAQAAAGQVABUiFTQsFQ4VEBUGFQYcAAAAKLUv/SARiQAAAgAA',
  'AAMuAwAAAAP/DwID5AQVBBUwFTJMFQYVABIAACi1L/0gGIUAAFADAAEAAAAAAAAAAQAywAIVABUUFSYsFQYVEBUGFQYcAAAAKLUv',
  '/SAKUQAAAgAAAAYBAgMkABUEGXw1ABgGc2NoZW1hFQgAFQwlAhgIcXVlc3Rpb24lAEwcAAAAFQwlAhgHc3ViamVjdCUATBwAAAA1',
  'AhgHY2hvaWNlcxUCFQZMPAAAADUEGARsaXN0FQIAFQwlAhgHZWxlbWVudCUATBwAAAAVBCUCGAZhbnN3ZXIAFgYZHBlMJgAcFQwZ',
  'NQAGEBkYCHF1ZXN0aW9uFQwWBhZ0FpgBJlYmCCksFQQVABUCABUAFRAVAgA8FhAZBhkmAgQAAAAmABwVDBk1AAYQGRgHc3ViamVj',
  'dBUMFgYWahaOASbkASagASksFQQVABUCABUAFRAVAgA8FioZBhkmAAYAAAAmABwVDBk1AAYQGTgHY2hvaWNlcwRsaXN0B2VsZW1l',
  'bnQVDBYOFowBFrABJoQDJq4CKSwVBBUAFQIAFQAVEBUCADwWDBkmBggZRgIAAAwAAAAmABwVBBk1AAYQGRgGYW5zd2VyFQwWBhaG',
  'ARaaASasBCbeAyksFQQVABUCABUAFRAVAgA8KQYZJgAGAAAAFvADFgYmCBbwBAAoIHBhcnF1ZXQtY3BwLWFycm93IHZlcnNpb24g',
  'MjYuMC4xGUwcAAAcAAAcAAAcAAAAxwEAAFBBUjE=',
].join('');
