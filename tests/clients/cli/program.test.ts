/** `masgpt program` as a user types it: in a process with no stack, no database and no Temporal. */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeOpenAi } from '../../support/fake-openai.ts';
import { freshHome, masgpt } from '../../support/masgpt.ts';
import { programOf } from '../../support/sandbox.ts';

let home: Awaited<ReturnType<typeof freshHome>>;
beforeAll(async () => {
  home = await freshHome();
});
afterAll(() => home[Symbol.asyncDispose]());

const program = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  masgpt(['program', ...args], { MASGPT_HOME: home.path, ...env });

async function file(name: string, text: string | Buffer): Promise<string> {
  const path = join(home.path, name);
  await writeFile(path, text);
  return path;
}

interface Document {
  status: string;
  answer: string;
  message?: string;
  llmCalls: number;
  tokensIn: number;
  tokensOut: number;
  costUsd: number;
  trace: { agent: string; prompt: string; tokensIn: number; ms: number; costUsd: number; line: number }[];
}

describe('run', () => {
  it('a pool program with the simulated driver: answer, totals, a trace of every call, and its picture', async () => {
    const picture = join(home.path, 'debate.svg');
    const { code, stdout, stderr } = await program([
      'run',
      'llm-debate',
      '--query',
      'What is 6 times 7?',
      '--json',
      '--graph',
      picture,
    ]);
    expect(stderr).toContain('final: ');
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as Document;
    expect(document).toMatchObject({ status: 'answered', llmCalls: 7, simulated: true });
    expect(document.trace.map(({ agent }) => agent)).toEqual([
      ...Array.from({ length: 3 }, () => 'answers'),
      ...Array.from({ length: 3 }, () => 'answers 2'),
      'final',
    ]);
    expect(document.trace[0]?.prompt).toContain('6 times 7');
    const sum = document.trace.reduce((total, call) => total + call.costUsd, 0);
    expect(document.costUsd).toBeCloseTo(sum, 12);
    expect(document.costUsd).toBeGreaterThan(0);
    expect(await readFile(picture, 'utf8')).toMatch(/answers 2.*3 calls · /s);
  });

  it('a file of the user, on a model of the configuration; text in, text out', async () => {
    await using llm = await startFakeOpenAi();
    const config = await file(
      'with-model.yaml',
      `models: { mine: { baseUrl: '${llm.baseUrl}', model: fake, priceUsdPerMTok: { in: 1, cached: 1, out: 2 } } }\n`,
    );
    const path = await file(
      'own.py',
      programOf("return execute_code('output = 6 * 7') + self.llm.call_llm(taskInfo)"),
    );
    const { code, stdout, stderr } = await program([
      'run',
      path,
      '--query',
      'hello',
      '--driver',
      'mine',
      '--config',
      config,
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('Final output: 42');
    expect(stderr).toMatch(/1 LLM calls, \d+ \+ \d+ tokens, \$0\.0/);
    expect(llm.requests).toHaveLength(1);
  });

  it.each([
    ['a program that raises', 'return 1 / 0', [], 'raised', /ZeroDivisionError[^]*|line 9/],
    ['no text', 'return None', [], 'noAnswer', /forward\(\) returned None/],
    [
      'a limit of calls',
      'return self.llm.call_llm("a") + self.llm.call_llm("b")',
      ['--max-calls', '1'],
      'callLimit',
      /maxCalls is 1/,
    ],
    [
      'a limit of tokens',
      'return self.llm.call_llm(taskInfo)',
      ['--max-tokens', '100'],
      'tokenLimit',
      /maxTokens is 100/,
    ],
    [
      'a limit of time',
      'time.sleep(60)\nreturn self.llm.call_llm("a")',
      ['--max-seconds', '1'],
      'totalLimit',
      /totalMs is 1000/,
    ],
  ] as const)('%s is a named status and exit code 1', async (_name, body, flags, status, message) => {
    const path = await file('fails.py', programOf(body));
    const { code, stdout, stderr } = await program(['run', path, '--query', 'q', '--json', ...flags]);
    const document = JSON.parse(stdout) as Document;
    expect(document).toMatchObject({ status, answer: '' });
    expect(document.message).toMatch(message);
    expect(stderr).toContain(`no answer: ${status}: `);
    expect(code).toBe(1);
  });

  it('findings other than the form do not keep a program from running', async () => {
    const path = await file(
      'odd.py',
      programOf('if False:\n    return nowhere\nreturn self.llm.call_llm(taskInfo)'),
    );
    expect((await program(['check', path])).code).toBe(1);
    expect((await program(['run', path, '--query', 'q'])).code).toBe(0);
  });

  it('a model that cannot be reached ends it, with the name of that failure', async () => {
    const config = await file(
      'nobody.yaml',
      "models: { gone: { baseUrl: 'http://127.0.0.1:1/v1', model: x } }\n",
    );
    const path = await file('asks.py', programOf('return self.llm.call_llm(taskInfo)'));
    const { code, stdout } = await program([
      'run',
      path,
      '--query',
      'q',
      '--driver',
      'gone',
      '--config',
      config,
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'Llm.Unavailable', answer: '', llmCalls: 0 });
    expect(code).toBe(1);
  });

  it('an unknown model is no outcome of the program', async () => {
    const { code, stdout } = await program(['run', 'cot', '--query', 'q', '--driver', 'nobody', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { type: 'Llm.UnknownModel' } });
    expect(code).toBe(1);
  });
});

describe('check', () => {
  it('tells each finding with severity, kind and line; errors are exit code 1', async () => {
    const path = await file('bad.py', programOf('import openai\nwhile True:\n    pass\nreturn anser'));
    const { code, stdout, stderr } = await program(['check', path, '--json']);
    expect(code).toBe(1);
    expect(stderr).toContain('bad: 2 errors');
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      findings: [
        { severity: 'error', kind: 'forbiddenImport', line: 9 },
        { severity: 'error', kind: 'unknownName', line: 12 },
        { severity: 'warning', kind: 'noAgents', line: null },
        { severity: 'warning', kind: 'unboundedLoop', line: 10 },
      ],
    });
  });

  it('a sound program is exit code 0, also from standard input', () => {
    const bin = new URL('../../../clients/cli/bin.mjs', import.meta.url).pathname;
    const { status, stdout } = spawnSync(
      process.execPath,
      [bin, 'program', 'check', '-', '--home', home.path],
      {
        input: programOf('return self.llm.call_llm(taskInfo)'),
        encoding: 'utf8',
      },
    );
    expect(stdout).toBe('program: no findings, 1 agent\n');
    expect(status).toBe(0);
  });

  it('a file of 5 MB is told to be too large', async () => {
    const { code, stdout } = await program(['check', await file('large.py', `#${'x'.repeat(5_000_000)}`)]);
    expect(stdout).toMatch(/^error syntax: the program has 5000001 bytes: at most 1048576 are allowed\n$/);
    expect(code).toBe(1);
  });
});

describe('graph', () => {
  it('draws on standard output, and into a file; a run lies over it', async () => {
    const mermaid = await program(['graph', 'self-refine']);
    expect(mermaid.stdout).toMatch(/^flowchart TD\n/);
    expect(mermaid.code).toBe(0);
    const trace = await file(
      'trace.json',
      JSON.stringify({
        trace: [{ agent: 'feedback', ok: true, tokensIn: 5, tokensOut: 6, costUsd: 0.5, ms: 70 }],
      }),
    );
    const out = join(home.path, 'refine.json');
    const { code, stdout } = await program([
      'graph',
      'self-refine',
      '--format',
      'json',
      '--trace',
      trace,
      '--out',
      out,
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const { nodes } = JSON.parse(await readFile(out, 'utf8')) as { nodes: { name: string; used?: object }[] };
    expect(nodes.map(({ name, used }) => [name, used])).toEqual([
      ['answer', undefined],
      ['feedback', { calls: 1, failed: 0, tokensIn: 5, tokensOut: 6, costUsd: 0.5, ms: 70 }],
      ['answer 2', undefined],
    ]);
  });

  it('what has not the form of a program has no graph', async () => {
    const { code, stdout } = await program(['graph', await file('none.py', 'x = 1\n'), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { type: 'shape' } });
    expect(code).toBe(1);
  });
});

it('list shows the pool', async () => {
  const { code, stdout } = await program(['list', '--json']);
  expect(code).toBe(0);
  const { programs } = JSON.parse(stdout) as { programs: { name: string }[] };
  expect(programs).toContainEqual(
    expect.objectContaining({
      name: 'llm-debate',
      title: 'LLM-Debate',
      calls: { min: 7, max: 7 },
      aliases: ['debate'],
    }),
  );
  expect((await program(['list'])).stdout).toMatch(/^NAME .*\n[^]*\nllm-debate +LLM-Debate +7 /);
});

describe('nonsense', () => {
  it.each([
    [['run', 'cot'], /Missing required argument: --query/],
    [['run', 'cot', '--query', '  '], /--query is empty/],
    [['run', 'cot', '--query', 'q', '--max-calls', 'many'], /--max-calls many/],
    [['run', 'cot', '--query', 'q', '--max-seconds', '1e9'], /limit is out of range: totalMs/],
    [['run', 'cot', '--query', 'q', '--graph', 'x.png'], /--graph x\.png: .*\.svg, \.mmd or \.json/],
    [['check'], /FILE/],
    [['check', 'no-such-thing'], /there is no file no-such-thing, and no program of the pool/],
    [['check', '/dev/zero'], /is no plain file/],
    [['graph', 'cot', '--format', 'png'], /unknown format: png/],
    [['graph', 'cot', '--trace', 'no-such-trace'], /--trace no-such-trace: there is no such file/],
    [['graph', 'cot', '--trace', 'package.json'], /no document of a run/],
    [['draw', 'cot'], /unknown command: program draw/],
    [['list', 'all'], /unexpected argument: all/],
  ])('masgpt program %j', async (args, message) => {
    const { code, stdout, stderr } = await program(args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('a directory, a link to itself, bytes, a file that may not be read', async () => {
    const directory = join(home.path, 'directory');
    await mkdir(directory);
    const loop = join(home.path, 'loop');
    await symlink(loop, loop);
    const cases: [string, RegExp][] = [
      [directory, /is a directory/],
      [loop, /is a link to itself/],
      [join(directory, 'x'.repeat(300)), /too long a name/],
      [await file('bytes.py', Buffer.from([0xff, 0xfe, 0x00, 0x80])), /is not UTF-8 text/],
      [await file('huge.py', Buffer.alloc(9_000_000, 32)), /more than 8 MiB/],
    ];
    for (const [path, message] of cases) {
      const { code, stderr } = await program(['check', path]);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
  });
});
