/** Where Slurm is absent its tests say so and are left out; not where CI could have installed it (.ci/run: Debian, as root). */
import { access } from 'node:fs/promises';
import { describe } from 'vitest';
import { missingForSlurm, slurmPackages } from './start-slurm.ts';

const missing = await missingForSlurm();
const couldBeThere =
  process.env['CI'] === '1' &&
  process.env['MASGPT_NO_APT'] !== '1' &&
  process.getuid?.() === 0 &&
  (await access('/etc/debian_version').then(
    () => true,
    () => false,
  ));

/** As `describe`. */
export const describeWithSlurm: (name: string, tests: () => void) => void = (name, tests) =>
  describe.skipIf(missing.length > 0 && !couldBeThere)(
    missing.length > 0
      ? `${name} (${missing.join(', ')} absent: apt-get install ${slurmPackages.join(' ')})`
      : name,
    tests,
  );
