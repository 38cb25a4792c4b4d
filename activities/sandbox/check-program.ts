/** Parses a program in a child, without running it, and checks its form. */
import { failure } from '../failure.ts';
import type { Child } from './child.ts';
import { checkFrameSchema, parseFrame } from './frames.ts';
import type { ProgramCheck } from './sandbox.ts';

const checkTimeoutMs = 10_000;

export async function checkProgram(child: Child, source: string): Promise<ProgramCheck> {
  return await new Promise((resolve, reject) => {
    let check: ProgramCheck | null = null;
    const unparsable: ProgramCheck = {
      ok: false,
      kind: 'syntax',
      message: 'the program cannot be parsed: it is nested too deeply or too large',
    };
    const timer = setTimeout(() => child.kill(), checkTimeoutMs);
    child.listen({
      line(line) {
        const frame = parseFrame(line, checkFrameSchema);
        if (frame === null) return child.kill();
        check ??= frame.ok ? { ok: true } : { ok: false, kind: frame.kind, message: frame.message };
      },
      overflow: () => child.kill(),
      ended() {
        clearTimeout(timer);
        resolve(check ?? unparsable);
      },
      broke() {
        clearTimeout(timer);
        reject(failure('Sandbox.Unavailable', 'the sandbox ended while it parsed a program'));
      },
    });
    child.send({ mode: 'check', source, cpuS: 10 });
  });
}
