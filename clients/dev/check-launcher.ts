/** Whether the cluster of a launcher answers, and knows the partition that jobs are sent to. */
import { installCommand } from '../../workers/host/system-packages.ts';
import type { LauncherConfig } from '../../workers/config/launchers.ts';
import { slurmCommandsOf } from '../../workers/training-places.ts';
import type { Check } from './doctor.ts';

export async function checkLauncher(
  [launcher, config]: readonly [string, LauncherConfig],
  env: NodeJS.ProcessEnv,
): Promise<Check> {
  const name = `launcher ${launcher}`;
  const { partition } = config;
  const words = ['show', 'partition', ...(partition === undefined ? [] : [partition])];
  const told = await slurmCommandsOf(config, env).run('scontrol', words);
  switch (told.kind) {
    case 'done':
      return { name, ok: true, detail: `Slurm answers, partition ${partition ?? 'by default'}` };
    case 'away':
      return { name, ok: false, detail: told.message, remedy: 'ask whoever runs the cluster' };
    case 'refused':
      return {
        ...{ name, ok: false, detail: told.message },
        remedy: told.message.includes('ENOENT')
          ? installCommand(['slurm-client'])
          : `name a partition that \`sinfo\` lists in training.launchers.${launcher}`,
      };
  }
}
