/** Where Slurm is absent its tests are left out, with a word; not where CI could have installed it (.ci/run: Debian, as root). */
import { access } from 'node:fs/promises';
import { missingForSlurm, slurmPackages } from './start-slurm.ts';

const missing = await missingForSlurm();
const { env } = process;
const couldBeThere =
  env['CI'] === '1' &&
  env['MASGPT_NO_APT'] !== '1' &&
  process.getuid?.() === 0 &&
  (await access('/etc/debian_version').then(
    () => true,
    () => false,
  ));

/** For `describe.skipIf`. */
export const withoutSlurm = missing.length > 0 && !couldBeThere;

if (withoutSlurm)
  process.stderr.write(
    `The tests on Slurm are left out: ${missing.join(', ')} absent (apt-get install ${slurmPackages.join(' ')})\n`,
  );
