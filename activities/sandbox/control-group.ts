/**
 * A control group (v2) around the sandbox, where this process may make one: the kernel then holds, for all programs together,
 * the memory that memory-budget.ts otherwise watches, and the number of processes. Nothing of the host's own groups is changed.
 */
import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isAlive } from './is-alive.ts';

export interface ControlGroup {
  readonly directory: string;
  /** Moves a process here; what it starts from then on is here, too. */
  add(pid: number): void;
  /** After its processes have ended. */
  close(): Promise<void>;
}

interface ControlGroupLimits {
  readonly memoryBytes: number;
}

const name = 'masgpt-sandbox';
const maxProcesses = 32_768;
/** A quarter of what a group has by itself: the worker and its database come first. */
const cpuWeight = 25;
const closingTries = 20;
const closingTryMs = 50;

/** The group, or why there is none. */
export async function openControlGroup(limits: ControlGroupLimits): Promise<ControlGroup | string> {
  const own = await ownGroup();
  if (own === null) return 'this machine has no cgroup v2';
  // Beside this process's own group: one that holds processes gives no controllers to groups below it.
  return await openBelow(own.path === '/' ? own.mount : join(own.mount, dirname(own.path)), limits);
}

async function openBelow(
  parent: string,
  { memoryBytes }: ControlGroupLimits,
): Promise<ControlGroup | string> {
  const enabled = (await readText(join(parent, 'cgroup.subtree_control'))).trim().split(' ');
  const lacking = ['memory', 'pids'].filter((controller) => !enabled.includes(controller));
  if (lacking.length > 0) return `${parent} gives no controllers ${lacking.join(' and ')} to groups below it`;
  await removeOrphans(parent);
  const directory = join(parent, `${name}-${process.pid}`);
  try {
    // The right to move a process is that to write here, in the group above both.
    await access(join(parent, 'cgroup.procs'), constants.W_OK);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'memory.max'), String(Math.round(memoryBytes)));
    await writeFile(join(directory, 'pids.max'), String(maxProcesses));
    // Absent where the kernel has no swap accounting, or the controller is not given.
    await writeFile(join(directory, 'memory.swap.max'), '0').catch(() => {});
    await writeFile(join(directory, 'cpu.weight'), String(cpuWeight)).catch(() => {});
  } catch (error) {
    await rmdir(directory).catch(() => {});
    return `no group can be made in ${parent}: ${error instanceof Error ? error.message : String(error)}`;
  }
  return {
    directory,
    add(pid) {
      try {
        writeFileSync(join(directory, 'cgroup.procs'), String(pid));
      } catch {
        // It has ended. Whether it may be moved was asked above.
      }
    },
    async close() {
      for (let tries = 0; tries < closingTries; tries += 1) {
        const left = await rmdir(directory).then(
          () => false,
          () => true,
        );
        if (!left) return;
        await setTimeout(closingTryMs);
      }
    },
  };
}

/** Where cgroup v2 is mounted, and the group of this process in it. */
async function ownGroup(): Promise<{ mount: string; path: string } | null> {
  const mounts = (await readText('/proc/self/mountinfo')).split('\n').map((line) => line.split(' '));
  const mount = mounts.find((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2')?.[4];
  const path = /^0::(.+)$/m.exec(await readText('/proc/self/cgroup'))?.[1];
  return mount && path ? { mount, path } : null;
}

/** Of workers that were killed. A group in which something still runs cannot be removed. */
async function removeOrphans(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    const pid = Number(new RegExp(`^${name}-(\\d+)$`).exec(entry)?.[1]);
    if (pid && !isAlive(pid)) await rmdir(join(parent, entry)).catch(() => {});
  }
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}
