/** What `masgpt doctor` prints: the level this machine gives, and what would raise it. */
import { levels, type LevelTrial, tryLevel } from './choose-level.ts';
import { prepareSandbox, type SandboxOptions } from './open-sandbox.ts';
import type { SandboxLevel } from './sandbox.ts';

export interface SandboxProbe {
  /** The strongest level that holds; null = programs are refused. */
  readonly level: SandboxLevel | null;
  /** Resolved path and version of the guest's interpreter. */
  readonly python: string;
  /** All levels, strongest first; `remedy` of those above `level` says what would raise it. */
  readonly trials: readonly LevelTrial[];
}

/** Runs every level's self-test (about a second each). Throws `Sandbox.Refused` when there is no Python for it. */
export async function probeSandbox(options: Omit<SandboxOptions, 'level'>): Promise<SandboxProbe> {
  const parts = await prepareSandbox(options);
  const trials: LevelTrial[] = [];
  for (const level of levels) {
    const { trial, zygote } = await tryLevel(level, parts);
    await zygote?.close();
    trials.push(trial);
  }
  return {
    level: trials.find(({ passed }) => passed)?.level ?? null,
    python: `${parts.python.executable} ${parts.python.version.join('.')}`,
    trials,
  };
}
