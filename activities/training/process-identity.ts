/** Telling one process from a later one of the same number: (boot id, pid, start ticks), never the pid alone. Linux. */
import { readFile, stat } from 'node:fs/promises';

export interface ProcessIdentity {
  readonly host: string;
  readonly bootId: string;
  /** Inode of the process namespace in which `pid` counts. */
  readonly pidNamespace: number;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTicks: string;
}

/** `hidden`: on this kernel, but in another container, where its number says nothing. */
export type Liveness = 'alive' | 'dead' | 'hidden' | 'unknown';

export interface ThisMachine {
  readonly host: string;
  /** Rejects where the kernel's boot id cannot be read. */
  readBootId(): Promise<string>;
}

export function thisMachine(host: string): ThisMachine {
  return { host, readBootId: async () => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim() };
}

/** Whether exactly this process lives: not a zombie, not another one under its number, not of an earlier boot. */
export async function livenessOf(identity: ProcessIdentity, machine: ThisMachine): Promise<Liveness> {
  const bootId = await machine.readBootId().catch(() => undefined);
  if (!bootId) return 'unknown';
  // Another boot of this host ended everything; another host says nothing about its processes.
  if (bootId !== identity.bootId) return identity.host === machine.host ? 'dead' : 'unknown';
  const namespace = await stat('/proc/self/ns/pid').catch(() => undefined);
  if (namespace?.ino !== identity.pidNamespace) return 'hidden';
  try {
    const line = await readFile(`/proc/${identity.pid}/stat`, 'utf8');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return fields[19] === identity.startTicks && fields[0] !== 'Z' && fields[0] !== 'X' ? 'alive' : 'dead';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT' || code === 'ESRCH' ? 'dead' : 'unknown';
  }
}
