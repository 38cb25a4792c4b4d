/** What `masgpt doctor` prints: the level this machine gives, and what would raise it. */
import { openControlGroup } from './control-group.ts';
import { levels, type LevelTrial, tryLevel } from './choose-level.ts';
import type { Python } from './find-python.ts';
import { prepareSandbox, type SandboxOptions } from './open-sandbox.ts';
import type { SandboxLevel } from './sandbox.ts';

export interface SandboxProbe {
  /** The strongest level that holds; null = programs are refused. */
  readonly level: SandboxLevel | null;
  /** Resolved path and version of the guest's interpreter. */
  readonly python: string;
  /** All levels, strongest first; `remedy` of those above `level` says what would raise it. */
  readonly trials: readonly LevelTrial[];
  /** What is wrong with numpy, pandas and matplotlib at that level; null when they hold or are not there yet. */
  readonly science: string | null;
  /** Why the kernel does not hold the memory of all programs together (control-group.ts); null when it does. */
  readonly noControlGroup: string | null;
}

/**
 * Runs every level's self-test (about a second each). Throws `Sandbox.Refused` when there is no Python for it. `packagesOf`
 * tells where the libraries are, null when they are not installed; nothing is installed here.
 */
export async function probeSandbox(
  options: Omit<SandboxOptions, 'level'>,
  packagesOf: (python: Python) => Promise<string | null> = async () => null,
): Promise<SandboxProbe> {
  const parts = await prepareSandbox(options);
  const trials: LevelTrial[] = [];
  for (const level of levels) {
    const { trial, zygote } = await tryLevel(level, parts);
    await zygote?.close();
    trials.push(trial);
  }
  const level = trials.find(({ passed }) => passed)?.level ?? null;
  const packages = await packagesOf(parts.python);
  let science: string | null = null;
  if (level && packages) {
    const tried = await tryLevel(level, { ...parts, start: (at) => parts.start(at, undefined, packages) });
    await tried.zygote?.close();
    if (!tried.trial.passed) science = tried.trial.reason;
  }
  const group = await openControlGroup({ memoryBytes: 1024 * 1024 * 1024 });
  if (typeof group !== 'string') await group.close();
  return {
    level,
    science,
    python: `${parts.python.executable} ${parts.python.version.join('.')}`,
    trials,
    noControlGroup: typeof group === 'string' ? group : null,
  };
}
