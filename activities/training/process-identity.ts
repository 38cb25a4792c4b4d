/** Telling one process from a later one of the same number: (boot id, pid, start ticks), never the pid alone. Linux. */
import { readFile } from 'node:fs/promises';

export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTicks: string;
}

/** Whether exactly this process lives: not a zombie, not another one under its number, not of an earlier boot. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  if (bootId !== identity.bootId) return false;
  const stat = await readFile(`/proc/${identity.pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return false;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] === identity.startTicks && fields[0] !== 'Z' && fields[0] !== 'X';
}
