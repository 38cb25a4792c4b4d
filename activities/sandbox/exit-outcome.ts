/** What it means that a child ended without a result: the words a model needs to repair its program. */
import type { ProgramOutcome } from '../../workflows/shared/program.ts';
import type { ChildExit } from './child.ts';

type Failed = Extract<ProgramOutcome, { status: 'failed' }>;

const sigkill = 9;
const sigxcpu = 24;

/** By nobody that its host knows of: by itself, or by the kernel, which takes programs first when memory runs out. */
export function wasKilled(exit: ChildExit, cpuS: number): boolean {
  return exit.signal === sigkill && exit.cpuMs < cpuS * 1_000;
}

export function exitOutcome(exit: ChildExit, cpuS: number): Failed {
  const ended = (kind: Failed['kind'], message: string): Failed => ({
    status: 'failed',
    kind,
    message,
    stdout: '',
  });
  if (exit.signal === sigxcpu || (exit.signal === sigkill && exit.cpuMs >= cpuS * 1_000)) {
    return ended('computeLimit', `the program used more than ${cpuS} s of CPU time`);
  }
  if (exit.signal === sigkill)
    return ended(
      'memoryLimit',
      'the program was killed (signal 9): it took too much memory, or killed itself',
    );
  if (exit.signal !== null) {
    return ended(
      'exited',
      `the program crashed its interpreter (signal ${exit.signal}): a recursion too deep, or too much memory`,
    );
  }
  return ended(
    'exited',
    `the program ended its process with status ${exit.code}: return the answer from forward()`,
  );
}
