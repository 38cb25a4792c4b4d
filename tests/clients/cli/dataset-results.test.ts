/** What a user does with finished builds: matrix view, report, export, diff, compare, verify, each typed as they would. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { manifestSchema } from '../../../activities/dataset/export/manifest.ts';
import type { SelectionReport } from '../../../workflows/dataset/selection-report.ts';
import { freshHome, masgpt, type RunningCommand, startMasgpt } from '../../support/masgpt.ts';

vi.setConfig({ testTimeout: 400_000 });
let home: Awaited<ReturnType<typeof freshHome>>;
let dev: RunningCommand;

const dataset = (...args: string[]) => masgpt(['dataset', ...args, '--home', home.path]);

async function documentOf<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await dataset(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

const build = (name: string, ...flags: string[]) =>
  documentOf<{ rows: number; cells: number; files: Record<string, string> }>(
    ...['build', '--name', name, '--limit', '24', '--programs', 'single,cot,math-with-code'],
    ...['--repeats', '2', '--validation', '0.2', ...flags],
  );
let whole: Awaited<ReturnType<typeof build>>;

beforeAll(async () => {
  home = await freshHome();
  dev = startMasgpt(['dev', '--home', home.path]);
  await dev.until(/Ctrl-C stops it/);
  whole = await build('whole', '--formats', 'all');
  await build('plain', '--no-adaptation', '--formats', 'none');
}, 600_000);
afterAll(async () => {
  dev?.kill('SIGINT');
  await dev?.ended;
  await home?.[Symbol.asyncDispose]();
}, 180_000);

describe('matrix view', () => {
  it('shows each group with its program, and writes the page', async () => {
    const page = join(home.path, 'matrix.html');
    const { code, stdout, stderr } = await dataset('matrix', 'view', 'whole', '--html', page);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^GROUP +QUERIES +PROGRAM +WHY/m);
    expect(stdout).toMatch(
      /selected programs score [\d.]+ on the draws that chose them and [\d.]+ on the others/,
    );
    expect(await readFile(page, 'utf8')).toContain('<h1>Score matrix and selection</h1>');
    const { report } = await documentOf<{ report: SelectionReport }>('matrix', 'view', 'dataset/whole');
    for (const { queries, scores } of report.groups)
      for (const { solved = { always: 0, partly: 0, never: 0 } } of scores)
        expect(solved.always + solved.partly + solved.never).toBe(queries);
    expect(report.programs.toSorted()).toEqual(['cot', 'math-with-code', 'single']);
    expect(stdout.split('\n').length).toBeGreaterThan(report.groups.length);
  });
});

describe('report', () => {
  it('writes a page that names programs, failures and lengths', async () => {
    const { reportPath, programs } = await documentOf<{ reportPath: string; programs: unknown[] }>(
      'report',
      'whole',
    );
    expect(programs).toHaveLength(3);
    const page = await readFile(reportPath, 'utf8');
    for (const heading of ['Programs', 'Selection', 'Refinement', 'Failures', 'Lengths'])
      expect(page).toContain(`>${heading}</h2>`);
  });
});

describe('export', () => {
  /** Names of the files that are there, after each was checked against the manifest beside it. */
  async function checked(directory: string): Promise<string[]> {
    const there = (await readdir(directory)).toSorted();
    const text = await readFile(join(directory, 'manifest.json'), 'utf8');
    const { files } = manifestSchema.parse(JSON.parse(text));
    expect([...Object.keys(files), 'manifest.json', 'run.json'].toSorted()).toEqual(there);
    for (const [file, { sha256, bytes }] of Object.entries(files)) {
      const data = await readFile(join(directory, file));
      expect([file, data.length, createHash('sha256').update(data).digest('hex')]).toEqual([
        file,
        bytes,
        sha256,
      ]);
    }
    const run = JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')) as { manifestSha256: string };
    expect(run.manifestSha256).toBe(createHash('sha256').update(text).digest('hex'));
    return there;
  }

  const namedBy = async (directory: string, file: string): Promise<string[]> => {
    const text = await readFile(join(directory, file), 'utf8');
    return [...new Set(text.match(/\b[a-z]+(\.validation)?\.(jsonl|parquet)\b/g))].toSorted();
  };

  it('writes all files, or those of some formats, and what describes them names no other', async () => {
    const all = join(home.path, 'all');
    await documentOf('export', 'whole', '--out', all);
    expect(await checked(all)).toEqual(Object.keys(whole.files).toSorted());
    const some = join(home.path, 'some');
    await documentOf('export', 'whole', '--out', some, '--formats', 'completions');
    const there = await checked(some);
    const data = there.filter((file) => /\.(jsonl|parquet)$/.test(file));
    expect(data).toEqual([
      ...['completions.jsonl', 'completions.validation.jsonl', 'provenance.jsonl'],
      ...['sft.jsonl', 'sft.validation.jsonl'],
    ]);
    expect(await namedBy(some, 'croissant.json')).toEqual(data);
    expect(await namedBy(some, 'card.md')).toEqual(data);
    expect((await namedBy(all, 'card.md')).length).toBeGreaterThan(data.length);
    const { recordSet } = JSON.parse(await readFile(join(some, 'croissant.json'), 'utf8')) as {
      recordSet: unknown[];
    };
    expect(recordSet).toEqual([]);
    // The run itself still has everything.
    const again = join(home.path, 'again');
    await documentOf('export', 'whole', '--out', again);
    expect(await checked(again)).toEqual(await checked(all));
  });

  it('writes a format that the build left out, and pays for nothing', async () => {
    const callsOf = async (directory: string): Promise<unknown> => {
      const run = JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')) as { calls: unknown[] };
      return run.calls;
    };
    const before = join(home.path, 'before');
    await documentOf('export', 'plain', '--out', before);
    expect(await checked(before)).not.toContain('sft.parquet');
    const out = join(home.path, 'later');
    const { code, stderr } = await dataset('export', 'plain', '--out', out, '--formats', 'parquet');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('parquet: not written yet');
    expect(await checked(out)).toContain('sft.parquet');
    expect(await callsOf(out)).toEqual(await callsOf(before));
  });
});

describe('diff, compare and verify', () => {
  it('tell two builds apart, by name or by directory', async () => {
    const { code, stdout, stderr } = await dataset('diff', 'whole', 'plain');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^switches\.adaptation +true +false$/m);
    const out = join(home.path, 'for-diff');
    await documentOf('export', 'whole', '--out', out);
    const diff = await documentOf<{ same: number; settings: unknown[] }>('diff', 'whole', out);
    const { rows } = manifestSchema.parse(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')));
    expect(diff.same).toBeGreaterThanOrEqual(rows);
    expect(diff.settings).toEqual([]);

    const { builds } = await documentOf<{ builds: { name: string; ablation: string }[] }>(
      'compare',
      'whole,plain',
    );
    expect(builds.map(({ name, ablation }) => [name, ablation])).toEqual([
      ['whole', 'all on'],
      ['plain', 'without adaptation'],
    ]);
    const table = await dataset('compare', 'whole', 'plain');
    expect(table.stdout).toMatch(/^BUILD +ABLATION +ROWS/m);
    expect(table.stdout).toContain('Models were simulated');
  });

  it('execute rows again on fresh draws, and the same command again costs nothing', async () => {
    const { code, stdout, stderr } = await dataset('verify', 'whole', '--rows', '8');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^ROWS +SAMPLE +SOLVED +RATE/m);
    expect(stdout).toMatch(/^all +8 /m);
    expect(stdout).toContain('expected label precision');
    const again = await documentOf<{ rows: number; usage: { llmCalls: number } }>(
      'verify',
      'whole',
      '--rows',
      '8',
    );
    expect(again.rows).toBe(8);
  });
});

describe('wrong usage', () => {
  it.each([
    [['matrix', 'view', 'nope'], 1, /there is no dataset "nope"/],
    [['report', 'nope'], 1, /there is no dataset "nope"/],
    [['export', 'whole', '--out', 'x', '--formats', 'csv'], 2, /csv/],
    [['export', 'nope', '--out', 'x'], 1, /there is no dataset "nope"/],
    [['diff', 'whole', 'nope'], 1, /there is no dataset "nope"/],
    [['compare', 'whole', 'whole'], 2, /named twice/],
    [['verify', 'whole', '--rows', '0'], 2, /--rows 0/],
    [['verify', 'nope'], 1, /nope/],
    [['pause', 'whole'], 1, /whole/],
    [['tune', 'whole', '--window', '0'], 2, /--window 0/],
    [['tune', 'whole', '--window', '65'], 2, /--window goes up to 64/],
    [['tune', 'whole'], 2, /--window or --executions-at-once/],
    [['build', '--group-by', 'colour'], 2, /--group-by colour: one of source, subject, embedding/],
    [['build', '--cross-fit', 'maybe'], 2, /--cross-fit maybe/],
    [['build', '--when-spent', 'never'], 2, /--when-spent never/],
  ])('%j', async (args, exit, message) => {
    const { code, stderr } = await dataset(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(exit);
  });
});
