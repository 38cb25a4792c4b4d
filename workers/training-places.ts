/** The launchers of the config as places where attempts live, and the queues on which they are watched. */
import { createSlurmCommands } from '../activities/training/launchers/slurm/commands.ts';
import { createSlurmLauncher, hostOfSlurm } from '../activities/training/launchers/slurm.ts';
import type { Places } from '../activities/training/places.ts';
import type { Config } from './config/schema.ts';

/** Of the worker's environment, what Slurm's commands need. */
const passedToSlurm = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SLURM_CONF'];

export function trainingPlaces({ training }: Pick<Config, 'training'>, env: NodeJS.ProcessEnv): Places {
  const shared = Object.fromEntries(
    passedToSlurm.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
  return Object.fromEntries(
    Object.entries(training.launchers).map(([name, slurm]) => {
      const { conf, pollS } = slurm;
      const commands = createSlurmCommands({
        ...shared,
        ...(conf === undefined ? {} : { SLURM_CONF: conf }),
      });
      const launcher = createSlurmLauncher({ commands, settings: { name, ...slurm }, pollS });
      return [name, { host: hostOfSlurm(name), launcher }];
    }),
  );
}

/** Hosts under which this worker watches, its own excepted. */
export function placeHosts({ training }: Pick<Config, 'training'>): readonly string[] {
  return Object.keys(training.launchers).map(hostOfSlurm);
}
