/** The launchers of the config as places where attempts live, and the queues on which they are watched. */
import { createSlurmCommands, type SlurmCommands } from '../activities/training/launchers/slurm/commands.ts';
import { createSlurmLauncher, hostOfSlurm } from '../activities/training/launchers/slurm.ts';
import type { Places } from '../activities/training/places.ts';
import type { LauncherConfig } from './config/launchers.ts';
import type { Config } from './config/schema.ts';

/** Of the worker's environment, what Slurm's commands need. */
const passedToSlurm = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SLURM_CONF'];

/** Commands that reach the cluster of a launcher. */
export function slurmCommandsOf({ conf }: LauncherConfig, env: NodeJS.ProcessEnv): SlurmCommands {
  const shared = passedToSlurm.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return createSlurmCommands({
    ...Object.fromEntries(shared),
    ...(conf === undefined ? {} : { SLURM_CONF: conf }),
  });
}

export function trainingPlaces({ training }: Pick<Config, 'training'>, env: NodeJS.ProcessEnv): Places {
  return Object.fromEntries(
    Object.entries(training.launchers).map(([name, slurm]) => {
      const commands = slurmCommandsOf(slurm, env);
      const settings = { name, ...slurm };
      const launcher = createSlurmLauncher({ commands, settings, pollS: slurm.pollS });
      return [name, { host: hostOfSlurm(name), launcher }];
    }),
  );
}

/** Hosts under which this worker watches, its own excepted. */
export function placeHosts({ training }: Pick<Config, 'training'>): readonly string[] {
  return Object.keys(training.launchers).map(hostOfSlurm);
}
