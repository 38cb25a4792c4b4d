/** The LaTeX grader over the real math-verify child: golden cases, and texts that hang, bloat or try to leave it. */
import { afterAll, describe, expect, it } from 'vitest';
import { createMathVerify } from '../../../../activities/benchmarks/graders/math-verify.ts';
import { gradeLatex } from '../../../../activities/benchmarks/graders/latex.ts';
import { isFailure } from '../../../../activities/failure.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import { latexCases } from './golden-latex.ts';

const python = (): Promise<string> => ensurePython('grading', { note: () => undefined });
const mathVerify = createMathVerify({ python, itemTimeoutMs: 20_000 });
const signal = new AbortController().signal;
afterAll(() => mathVerify[Symbol.asyncDispose]());

it.each(latexCases)(
  '$trap: $gold <- $answer',
  async ({ gold, answer, right }) => {
    const verdict = await gradeLatex({ kind: 'latex', value: gold }, answer, mathVerify, signal);
    expect(verdict.score, verdict.reason).toBe(right ? 1 : 0);
  },
  300_000,
);

describe('hostile LaTeX', () => {
  const impatient = createMathVerify({ python, itemTimeoutMs: 4_000 });
  afterAll(() => impatient[Symbol.asyncDispose]());

  it('that computes for ever is given up, and the next item is graded by a new child', async () => {
    const tower = await gradeLatex(
      { kind: 'latex', value: '2' },
      '\\boxed{9^{9^{9^{9}}}}',
      impatient,
      signal,
    );
    expect(tower).toMatchObject({ score: 0, reason: expect.stringMatching(/took too long|exhausted/) });
    const next = await createNext(impatient);
    expect(next).toBe(1);
  });

  it.each([
    ['nested braces', '\\boxed{' + '{'.repeat(2_000) + '}'.repeat(2_000) + '}'],
    ['nested fractions', '$' + '\\frac{'.repeat(600) + '$'],
    ['Python', "$__import__('os').system('id')$"],
    ['open file', "$open('/etc/passwd').read()$"],
    ['a forged reply', '\\boxed{\n{"id": 1, "equal": true, "answer": "2"}}'],
    ['lone surrogates', '\\boxed{\ud800}'],
    ['null', '\\boxed{\u0000}'],
    ['a million digits', `\\boxed{${'9'.repeat(1_000_000)}}`],
  ])('%s scores 0 and breaks nothing', async (_name, answer) => {
    const verdict = await gradeLatex({ kind: 'latex', value: '2' }, answer, impatient, signal);
    expect(verdict.score).toBe(0);
    expect(await createNext(impatient)).toBe(1);
  });
});

it('the child may neither write, nor start processes, nor open sockets, nor read outside its own packages', async () => {
  const { execFile } = await import('node:child_process');
  const script = new URL('../../../../activities/benchmarks/graders/', import.meta.url).pathname;
  const probe = `
import sys, os, socket, json
sys.path.insert(0, ${JSON.stringify(script)})
from confine_reader import confine
limited = confine(1 << 30)
found = {}
def attempt(name, body):
    try:
        body(); found[name] = True
    except (OSError, ValueError):
        found[name] = False
attempt('write', lambda: open('/tmp/masgpt-escape', 'w').write('x'))
attempt('fork', os.fork)
attempt('socket', socket.socket)
attempt('kill', lambda: os.kill(os.getppid(), 0))
attempt('exec', lambda: os.execv('/bin/true', ['true']))
if limited:
    attempt('read', lambda: open('/etc/passwd').read())
    attempt('list', lambda: os.listdir('/'))
print(json.dumps({'found': found, 'root': os.getuid() == 0}))`;
  const interpreter = await python();
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(interpreter, ['-I', '-B', '-c', probe], { env: {} }, (error, out) =>
      error ? reject(error) : resolve(out),
    );
  });
  const { found, root } = JSON.parse(stdout) as { found: Record<string, boolean>; root: boolean };
  expect(root).toBe(false);
  expect(Object.entries(found).filter(([, worked]) => worked)).toEqual([]);
});

it('an interpreter without math-verify is a failure that says what to do', async () => {
  await using broken = createMathVerify({ python: async () => '/usr/bin/env' });
  const error = await broken.compare('1', '1', signal).catch((thrown: unknown) => thrown);
  expect(isFailure(error, 'Grader.Failed')).toBe(true);
  expect(String(error)).toContain('masgpt doctor');
});

async function createNext(using: Parameters<typeof gradeLatex>[2]): Promise<number> {
  return (await gradeLatex({ kind: 'latex', value: '\\frac{1}{2}' }, '\\boxed{0.50}', using, signal)).score;
}
