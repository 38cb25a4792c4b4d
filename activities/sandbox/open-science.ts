/** Opens the second zygote, with numpy, pandas and matplotlib: installed when needed, and proved like the first. */
import { failure } from '../failure.ts';
import type { Python } from './find-python.ts';
import { createReadyPool, type ReadyPool } from './ready-pool.ts';
import type { SandboxLevel } from './sandbox.ts';
import { createScienceChildren, type ScienceChildren } from './science-children.ts';
import { selfTest } from './self-test/self-test.ts';
import type { Zygote } from './zygote.ts';

/** The packages, as the worker brings them. */
export interface Science {
  /** sha256 of their lock: part of the guest's identity. */
  readonly lockSha256: string;
  /** Opens the zygote with the sandbox, instead of with the first text that needs it. */
  readonly atStart: boolean;
  /** Directory of the packages for this interpreter; installs them when needed. Rejects with a reason for people. */
  install(python: Python): Promise<string>;
}

export interface ScienceParts {
  readonly python: Python;
  readonly stateDirectory: string;
  readonly start: (level: SandboxLevel, directory?: string, packages?: string) => Promise<Zygote>;
}

/** Few: their programs compute for longer, and each costs more memory. */
const readyChildren = 2;
const maxProgramsPerZygote = 2_000;

export function openScience(
  science: Science,
  { python, stateDirectory, start }: ScienceParts,
  level: SandboxLevel,
  log: (message: string) => void,
): ScienceChildren {
  async function open(): Promise<ReadyPool> {
    const packages = await science.install(python);
    const startProved = async (): Promise<Zygote> => {
      const zygote = await start(level, undefined, packages);
      const broken = await selfTest(zygote, stateDirectory);
      if (broken === null) return zygote;
      await zygote.close();
      throw failure(
        'Sandbox.Refused',
        `the sandbox with numpy, pandas and matplotlib does not hold: ${broken}`,
      );
    };
    const first = await startProved();
    return createReadyPool({
      ...{ first, start: startProved, size: readyChildren, maxPrograms: maxProgramsPerZygote, log },
    });
  }

  const children = createScienceChildren({ open, log });
  if (science.atStart) void children.ready();
  return children;
}
