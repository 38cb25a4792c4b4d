/** `masgpt dataset import | list | show | stats` and `build --pool` as a user types them, on files that may be hostile. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../activities/dataset/random.ts';
import { evilCorpus } from '../../support/evil-corpus.ts';
import { freshHome, masgpt, type RunningCommand, startMasgpt } from '../../support/masgpt.ts';

let home: Awaited<ReturnType<typeof freshHome>>;
let dev: RunningCommand;
beforeAll(async () => {
  home = await freshHome();
  dev = startMasgpt(['dev', '--home', home.path]);
  await dev.until(/Ctrl-C stops it/);
}, 240_000);
afterAll(async () => {
  dev?.kill('SIGINT');
  await dev?.ended;
  await home?.[Symbol.asyncDispose]();
}, 120_000);

const dataset = (...args: string[]) => masgpt(['dataset', ...args, '--home', home.path]);

async function documentOf<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await dataset(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

async function file(name: string, rows: readonly unknown[]): Promise<string> {
  const path = join(home.path, name);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

/** Stories that share no words, unless they are the same with other numbers. */
const story = (index: number, number = index + 2) => {
  const random = createRandom(`story ${index}`);
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const word = (): string => Array.from({ length: 5 }, () => random.pick(letters)).join('');
  const words = (): string => Array.from({ length: 9 }, word).join(' ');
  return {
    question: `${words()} ${number} ${words()} ${2 * number} ${words()} ${3 * number} ${words()}?`,
    answer: `So it is\n#### ${number}`,
  };
};

interface Imported {
  readonly version: string;
  readonly queries: number;
  readonly fates: Record<string, number>;
  readonly heldOut: { source: string; queries: { count: number } } | null;
}

describe('dataset import', () => {
  it('makes a pool of several files, cleared of an evaluation set with other numbers, in any order', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => story(index));
    const train = await file('train.jsonl', [...rows, rows[0]]);
    const turned = await file('train-turned.jsonl', rows.toReversed());
    const test = await file('test.jsonl', [story(4, 77), story(11, 1_234)]);
    const flags = ['--against', `gsm8k=${test}`, '--sample', 'gsm8k=20,generated-train=12', '--seed', '5'];
    const first = await documentOf<Imported>(
      ...['import', 'mixed', '--benchmark', `gsm8k=${train},generated-train`, ...flags],
    );
    expect(first).toMatchObject({ queries: 32, fates: { kept: 32, contaminated: 2, conflict: 0 } });
    const again = await documentOf<Imported>(
      ...['import', 'mixed', '--benchmark', `generated-train,gsm8k=${turned}`, ...flags],
    );
    expect(again.version).toBe(first.version);

    const { pools } = await documentOf<{ pools: { name: string; version: string }[] }>('list');
    expect(pools).toMatchObject([{ name: 'mixed', version: first.version, queries: 32 }]);
    const stats = await documentOf<{ groups: { source: string; queries: number }[] }>('stats', 'mixed');
    expect(stats).toMatchObject({ queries: 32 });
    expect(stats.groups).toContainEqual(
      expect.objectContaining({ source: 'gsm8k', subject: '', gold: 'number', queries: 20 }),
    );

    interface Shown {
      report: { contaminated: { id: string; listed: { id: string; rule: string }[] }[]; against: unknown[] };
    }
    const { report } = await documentOf<Shown>('show', `mixed@${first.version.slice(0, 6)}`);
    expect(report.against).toMatchObject([
      { source: 'gsm8k', report: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    const [hit] = report.contaminated;
    expect(hit?.listed[0]?.rule).toBe('maskedGram');
    const one = await documentOf('show', 'mixed', hit?.id.slice(0, 10) ?? '');
    expect(one).toMatchObject({ place: 'others', findings: { contaminated: [hit] } });
    const { stdout } = await dataset('show', 'mixed', hit?.listed[0]?.id ?? '');
    expect(stdout).toMatch(/^ {2}[a-z ]+ (77|1234) [a-z ]+/m);
  }, 300_000);

  it('holds a source out; a build takes pools by name, with a plan before it', async () => {
    const train = await file('some.jsonl', [story(1), story(2)]);
    const left = await documentOf<Imported>(
      ...[
        'import',
        'left',
        '--benchmark',
        `gsm8k=${train},generated-train`,
        '--leave-out',
        'generated-train',
      ],
    );
    expect(left).toMatchObject({
      queries: 2,
      heldOut: { source: 'generated-train', queries: { count: 200 } },
    });
    const programs = ['--programs', 'single,cot'];
    expect(await documentOf('build', '--pool', 'left,mixed', ...programs, '--dry-run')).toMatchObject({
      queries: 34,
      executions: 68,
    });
    const built = await documentOf('build', '--pool', 'left', ...programs, '--name', 'left');
    expect(built).toMatchObject({ cells: 4 });
    const { builds } = await documentOf<{ builds: unknown[] }>('list');
    expect(builds).toMatchObject([{ run: 'dataset/left', state: 'succeeded' }]);
  }, 300_000);

  it('shows hostile texts without acting on them', async () => {
    const evil = Object.entries(evilCorpus).map(([name, text]) => ({
      query: `${name}: ${text}`,
      gt: text.slice(0, 60).trim() || 'x',
      source: text.slice(0, 60),
    }));
    const path = await file('evil.jsonl', evil);
    const { queries } = await documentOf<Imported>('import', 'evil', '--benchmark', `rows=${path}`);
    expect(queries).toBeGreaterThan(20);
    const { groups } = await documentOf<{ groups: unknown[] }>('stats', 'evil');
    const shown = await Promise.all([dataset('show', 'evil'), dataset('stats', 'evil')]);
    for (const { code, stdout, stderr } of shown) {
      expect(code, stderr).toBe(0);
      // eslint-disable-next-line no-control-regex
      expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }
    // A subject with line breaks is still one line: a title, the groups, the sum.
    expect(shown[1]?.stdout.trimEnd().split('\n')).toHaveLength(groups.length + 2);
  }, 300_000);
});

describe('wrong usage', () => {
  it.each([
    [['import', '../etc', '--benchmark', 'gsm8k=x'], /is no name/],
    [['import', 'Pool', '--benchmark', 'gsm8k=x'], /is no name/],
    [['import', 'p', '--benchmark', 'gsm8k=x', '--near', '0.2'], /--near 0.2/],
    [['import', 'p', '--benchmark', 'gsm8k=x', '--sample', 'gsm8k=-1'], /--sample gsm8k/],
    [['import', 'p', '--benchmark', 'generated-train', '--sample', 'math=5'], /--sample math: it is none of/],
    [['import', 'p', '--benchmark', 'generated-train', '--leave-out', 'math'], /--leave-out math/],
    [
      ['import', 'p', '--benchmark', 'generated-train', '--against', 'gsm8k'],
      /--against gsm8k: name its file/,
    ],
    [['import', 'p'], /benchmark/i],
    [['show', 'mixed@xyz'], /hexadecimal/],
    [['show', 'mixed', '../x'], /hexadecimal/],
    [['build', '--pool', '../x'], /is no name/],
  ])(
    '%j',
    async (args, message) => {
      const { code, stderr } = await dataset(...args);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    },
    120_000,
  );

  it('a pool or a version that is not there', async () => {
    for (const [args, message] of [
      [['show', 'nope'], /there is no query pool nope/],
      [['stats', 'mixed@000000000000'], /has no version 000000000000; it has/],
      [['build', '--pool', 'nope'], /there is no query pool nope/],
    ] as const) {
      const { code, stderr } = await dataset(...args);
      expect(stderr).toMatch(message);
      expect(code).toBe(1);
    }
  }, 120_000);
});
