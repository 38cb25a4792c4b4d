/** The two wall-clock limits of a program: `computeMs` counts only while no host call is open, `totalMs` always. */
import type { Limits } from '../../workflows/shared/program.ts';

export interface ProgramClock {
  /** A host call is open: the program waits. */
  pause(): void;
  resume(): void;
  stop(): void;
}

export function startProgramClock(
  limits: Pick<Limits, 'computeMs' | 'totalMs'>,
  onLimit: (kind: 'computeLimit' | 'totalLimit', message: string) => void,
): ProgramClock {
  let leftMs = limits.computeMs;
  let since = performance.now();
  let compute: NodeJS.Timeout | undefined;
  const total = setTimeout(
    () => onLimit('totalLimit', `the program took longer than ${limits.totalMs / 1_000} s in all`),
    limits.totalMs,
  );

  const resume = (): void => {
    since = performance.now();
    compute = setTimeout(
      () => onLimit('computeLimit', `the program computed for longer than ${limits.computeMs / 1_000} s`),
      leftMs,
    );
  };
  resume();
  return {
    pause() {
      clearTimeout(compute);
      leftMs = Math.max(0, leftMs - (performance.now() - since));
    },
    resume,
    stop() {
      clearTimeout(compute);
      clearTimeout(total);
    },
  };
}
