/** Doctor's look at the sandbox: the strongest level whose self-test holds here, and what would raise it. */
import { join } from 'node:path';
import { probeSandbox } from '../../activities/sandbox/probe-sandbox.ts';
import type { Python } from '../../activities/sandbox/find-python.ts';
import type { Config } from '../../workers/config/schema.ts';
import { sharedStateDirectory } from '../../workers/host/directories.ts';
import { installedScience } from '../../workers/host/science.ts';
import type { Check } from './doctor.ts';

export async function checkSandbox(config: Config, env: NodeJS.ProcessEnv): Promise<Check[]> {
  const name = 'sandbox';
  const on = config.sandbox.libraries !== 'off';
  let installed = false;
  const packagesOf = async (python: Python): Promise<string | null> => {
    const packages = on ? await installedScience(python, env) : null;
    installed = packages !== null;
    return packages;
  };
  const { level: wanted, memoryMb, python } = config.sandbox;
  const stateDirectory = join(sharedStateDirectory(config.home), 'sandbox');
  try {
    const options = { memoryMb, python, stateDirectory, log: () => {} };
    const { level, trials, science, noControlGroup } = await probeSandbox(options, packagesOf);
    const refused = trials.filter((trial) => !trial.passed);
    const reasons = refused.map((trial) => `${trial.level}: ${trial.reason}`).join('; ');
    const wantedTrial = trials.find((trial) => trial.level === wanted);
    if (level === null || (wantedTrial && !wantedTrial.passed)) {
      const remedy =
        wantedTrial?.remedy ?? refused.at(0)?.remedy ?? 'use a Linux machine with user namespaces';
      const detail =
        level === null ? `no level holds: ${reasons}` : `${wanted} does not hold: ${wantedTrial?.reason}`;
      return [{ name, ok: false, detail, remedy }];
    }
    const detail = `level ${wanted === 'auto' ? level : wanted}${reasons ? ` (${reasons})` : ''}`;
    return [{ name, ok: true, detail }, libraries(on, installed, science), memory(noControlGroup)];
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const remedy = 'install python3 outside home directories, or set MASGPT_SANDBOX_PYTHON';
    return [{ name, ok: false, detail, remedy }];
  }
}

function memory(noControlGroup: string | null): Check {
  const held = 'the kernel holds the memory of all programs together (control group)';
  const watched = `programs' memory is watched by the worker, not held by a control group: ${noControlGroup}`;
  return { name: 'sandbox memory', ok: true, detail: noControlGroup === null ? held : watched };
}

function libraries(on: boolean, installed: boolean, broken: string | null): Check {
  const name = 'sandbox libraries';
  if (broken !== null) {
    const remedy =
      'remove the directories science-* in the cache; the next program that needs them installs them';
    return { name, ok: false, detail: `numpy, pandas, matplotlib: ${broken}`, remedy };
  }
  if (!on)
    return { name, ok: true, detail: 'off (sandbox.libraries): programs have the standard library only' };
  const detail = installed
    ? 'numpy, pandas, matplotlib: installed, and the self-test holds with them'
    : 'numpy, pandas, matplotlib: not installed yet, done when a program first needs them (from the package index of pip)';
  return { name, ok: true, detail };
}
