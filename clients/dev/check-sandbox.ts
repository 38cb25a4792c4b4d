/** Doctor's look at the sandbox: the strongest level whose self-test holds here, and what would raise it. */
import { join } from 'node:path';
import { probeSandbox } from '../../activities/sandbox/probe-sandbox.ts';
import type { Config } from '../../workers/config/schema.ts';
import { sharedStateDirectory } from '../../workers/host/directories.ts';
import type { Check } from './doctor.ts';

export async function checkSandbox(config: Config): Promise<Check> {
  const name = 'sandbox';
  const { level: wanted, memoryMb, python } = config.sandbox;
  const stateDirectory = join(sharedStateDirectory(config.home), 'sandbox');
  try {
    const { level, trials } = await probeSandbox({ memoryMb, python, stateDirectory, log: () => {} });
    const refused = trials.filter((trial) => !trial.passed);
    const reasons = refused.map((trial) => `${trial.level}: ${trial.reason}`).join('; ');
    const wantedTrial = trials.find((trial) => trial.level === wanted);
    if (level === null || (wantedTrial && !wantedTrial.passed)) {
      const remedy =
        wantedTrial?.remedy ?? refused.at(0)?.remedy ?? 'use a Linux machine with user namespaces';
      return {
        name,
        ok: false,
        detail:
          level === null ? `no level holds: ${reasons}` : `${wanted} does not hold: ${wantedTrial?.reason}`,
        remedy,
      };
    }
    return {
      name,
      ok: true,
      detail: `level ${wanted === 'auto' ? level : wanted}${reasons ? ` (${reasons})` : ''}`,
    };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return {
      name,
      ok: false,
      detail,
      remedy: 'install python3 outside home directories, or set MASGPT_SANDBOX_PYTHON',
    };
  }
}
