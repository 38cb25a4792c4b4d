/** Slurm's own commands, with nothing of the worker's environment but what is given: SBATCH_* variables would change jobs. */
import { execFile } from 'node:child_process';

export interface SlurmCommands {
  run(
    command: 'sbatch' | 'squeue' | 'scontrol' | 'scancel' | 'sacct',
    args: readonly string[],
    input?: string,
  ): Promise<CommandResult>;
}

export type CommandResult =
  | { readonly kind: 'done'; readonly stdout: string }
  /** It answered, and said no. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Nobody answered: whether the command had an effect is not known. */
  | { readonly kind: 'away'; readonly message: string };

const limitMs = 60_000;
const maxBytes = 4 * 1024 * 1024;

/** `env`: PATH, HOME, USER and the like, SLURM_CONF where it is not at its usual place. */
export function createSlurmCommands(env: Readonly<Record<string, string>>): SlurmCommands {
  // Times are read as they are printed.
  const settings = { timeout: limitMs, maxBuffer: maxBytes, env: { ...env, TZ: 'UTC', LC_ALL: 'C' } };
  return {
    run: (command, args, input = '') =>
      new Promise((resolve) => {
        const child = execFile(command, [...args], settings, (error, stdout, stderr) => {
          if (!error) return resolve({ kind: 'done', stdout });
          const message = `${command}: ${(stderr || error.message).trim().slice(-500)}`;
          const answered = typeof error.code === 'number' && !away.test(stderr);
          resolve({ kind: answered || error.code === 'ENOENT' ? 'refused' : 'away', message });
        });
        // One that ends before it has read its input has said why.
        child.stdin?.on('error', () => {}).end(input);
      }),
  };
}

/** Words of slurm_errno.c for a controller that cannot be reached, is in standby, or is overloaded; and of munge. */
const away =
  /Unable to contact slurm controller|Socket timed out|Connection (?:refused|timed out|reset)|connect failure|communication (?:connection|timeout)|temporarily unable|standby|Zero Bytes were transmitted|Protocol authentication error|Munge (?:encode|decode) failed|Resource temporarily unavailable|try again|in the process of/i;
