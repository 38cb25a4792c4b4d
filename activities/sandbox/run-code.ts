/** Runs code under test in a child that makes no host calls. Its verdicts are formed in the process of the code itself. */
import { failure } from '../failure.ts';
import type { Child } from './child.ts';
import { exitOutcome } from './exit-outcome.ts';
import { codeFrameSchema, parseFrame } from './frames.ts';
import type { CodeOutcome, CodeStart } from './sandbox.ts';

/** Replies are deterministic in the code's own randomness; its clock is the real one. */
const codeSeed = 'code';

export async function runCode(child: Child, start: CodeStart, signal: AbortSignal): Promise<CodeOutcome> {
  const cpuS = Math.min(120, Math.ceil(start.timeoutMs / 1_000) + 1);
  return await new Promise<CodeOutcome>((resolve, reject) => {
    let outcome: CodeOutcome | null = null;
    const end = (next: CodeOutcome): void => {
      outcome ??= next;
      child.kill();
    };
    const timer = setTimeout(() => end(without('timeout', 'Execution Time Out', start)), start.timeoutMs);
    const abort = (): void => end(without('killed', 'cancelled', start));
    signal.addEventListener('abort', abort, { once: true });
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    child.listen({
      line(line) {
        if (outcome !== null) return;
        const frame = parseFrame(line, codeFrameSchema);
        if (frame === null || frame.tests.length !== start.tests.length) {
          return end(without('killed', errorText('the code wrote to the control socket'), start));
        }
        const { status, text, stdout, tests } = frame;
        end({ status, text, stdout, tests });
      },
      overflow: () => end(without('killed', errorText('the code sent too much'), start)),
      ended(exit) {
        finish();
        if (signal.aborted) return reject(signal.reason);
        resolve(outcome ?? without('killed', errorText(exitOutcome(exit, cpuS).message), start));
      },
      broke() {
        finish();
        reject(
          failure('Sandbox.Unavailable', 'the sandbox ended while code ran in it; the code can be run again'),
        );
      },
    });
    const { code, tests } = start;
    child.send({ mode: 'code', code, tests, seed: codeSeed, startedAtMs: Date.now(), cpuS });
    if (signal.aborted) abort();
  });
}

function errorText(reason: string): string {
  return `Get the following error during code execution:\nKilled: ${reason.replace('the program', 'the code')}`;
}

function without(status: 'timeout' | 'killed', text: string, start: CodeStart): CodeOutcome {
  const message = text.split('\n').at(-1) ?? text;
  return { status, text, stdout: '', tests: start.tests.map(() => ({ status: 'error', message })) };
}
