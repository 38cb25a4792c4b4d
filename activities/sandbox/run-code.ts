/**
 * Runs code under test, which makes no host calls. Its tests run in a second child, which the code never enters: they ask the
 * code for values through the host (guest/examiner.py, guest/subject.py), and what they expect stays with them.
 */
import { failure } from '../failure.ts';
import type { TakenChild } from './children.ts';
import { type CodeChild, openCodeChild } from './code-child.ts';
import { type CodeExchange, createCodeExchange } from './code-exchange.ts';
import { deferred } from './deferred.ts';
import { type CodeFrame, codeFrameSchema, type ExaminerFrame, examinerFrameSchema } from './frames.ts';
import type { CodeOutcome, CodeStart, TestVerdict } from './sandbox.ts';

/** Replies are deterministic in the code's own randomness; its clock is the real one. */
const codeSeed = 'code';
const maxPrintedChars = 70_000;

type End = Pick<CodeOutcome, 'status' | 'text'>;

type Take = () => Promise<TakenChild>;

const maxKilled = 3;

/** What is killed from outside is run again; when that happens again and again the code is to blame. */
export async function runCode(take: Take, start: CodeStart, signal: AbortSignal): Promise<CodeOutcome> {
  for (let times = 1; ; times += 1) {
    const { outcome, killed } = await runOnce(take, start, signal);
    if (!killed || times === maxKilled) return outcome;
  }
}

async function runOnce(
  take: Take,
  start: CodeStart,
  signal: AbortSignal,
): Promise<{ readonly outcome: CodeOutcome; readonly killed: boolean }> {
  const ended = deferred<End>();
  const children: CodeChild[] = [];
  const dones: (() => void)[] = [];
  const verdicts: TestVerdict[] = [];
  let printed = '';
  let fromOutside = false;
  const timer = setTimeout(
    () => ended.resolve({ status: 'timeout', text: 'Execution Time Out' }),
    start.timeoutMs,
  );
  const abort = (): void => ended.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();

  const kill = (reason: string): void => ended.resolve({ status: 'killed', text: errorText(reason) });
  const onBroke = (): void => {
    const message = 'the sandbox ended while code ran in it; the code can be run again';
    ended.reject(failure('Sandbox.Unavailable', message));
  };
  const common = {
    seed: codeSeed,
    startedAtMs: Date.now(),
    cpuS: Math.min(120, Math.ceil(start.timeoutMs / 1_000) + 1),
  };

  async function openSubject(exchange: CodeExchange | null): Promise<void> {
    const { child, absent, done } = await take();
    dones.push(done);
    const frame = { mode: 'code', code: start.code, serve: exchange !== null, absent, ...common };
    const subject = openCodeChild(child, codeFrameSchema, frame, {
      onFrame(next: CodeFrame) {
        if (next.t === 'printed') printed = (printed + next.text).slice(0, maxPrintedChars);
        else if (next.t === 'code') ended.resolve({ status: next.status, text: next.text });
        else if (next.t === 'call') exchange?.served(next.id, next.args.told);
      },
      onEnd(reason, killed) {
        fromOutside ||= killed;
        if (exchange?.begun) exchange.lost(reason);
        else kill(reason);
      },
      onBroke,
    });
    children.push(subject);
    if (!exchange) return;
    exchange.toSubject = (id, ask) => subject.send({ id, ok: true, value: ask });
    exchange.onBegun = () => void openExaminer(exchange).catch(ended.reject);
  }

  async function openExaminer(exchange: CodeExchange): Promise<void> {
    const { child, absent, done } = await take();
    dones.push(done);
    const { tests, prelude = '', entryPoint = null } = start;
    const frame = { mode: 'examine', tests, prelude, entryPoint, absent, ...common };
    const examiner = openCodeChild(child, examinerFrameSchema, frame, {
      onFrame(next: ExaminerFrame) {
        if (next.t === 'call') exchange.asked(next.id, next.args.ask);
        else if (next.t === 'verdict') {
          const { status, message, inProcess } = next;
          verdicts.push({ status, message, inProcess });
        } else if (next.t === 'examined') ended.resolve({ status: 'done', text: countOf(verdicts, tests) });
      },
      onEnd(reason, killed) {
        fromOutside ||= killed;
        kill(`the tests' own process ended: ${reason}`);
      },
      onBroke,
    });
    children.push(examiner);
    exchange.toExaminer = (id, reply) => examiner.send({ id, ...reply });
  }

  try {
    await openSubject(start.tests.length > 0 ? createCodeExchange() : null);
    const { status, text } = await ended.promise;
    const tests = start.tests.map((_, index) => verdicts[index] ?? unjudged(text));
    const killed = status === 'timeout' || status === 'killed';
    const outcome = { status, text: killed ? withPrinted(text, printed) : text, stdout: printed, tests };
    return { outcome, killed: fromOutside };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await Promise.all(children.map((child) => child.close()));
    for (const done of dones) done();
  }
}

function countOf(verdicts: readonly TestVerdict[], tests: readonly string[]): string {
  return `${verdicts.filter(({ status }) => status === 'pass').length} of ${tests.length} tests pass`;
}

function errorText(reason: string): string {
  return `Get the following error during code execution:\nKilled: ${reason}`;
}

function withPrinted(text: string, printed: string): string {
  return printed === '' ? text : `${text}\nPrint during execution:\n${printed}`;
}

function unjudged(text: string): TestVerdict {
  return {
    status: 'error',
    message: text.split('\nThe error occurred')[0]?.split('\n').at(-1) ?? text,
    inProcess: false,
  };
}
