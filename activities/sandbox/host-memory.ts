/** What this process may use of the host's memory: of the machine, or of the control groups (v2, v1) it lives in. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface HostMemory {
  readonly totalBytes: number;
  /** Without swapping or ending anybody; caches count as available. */
  readonly availableBytes: number;
}

interface Files {
  readonly mount: string;
  readonly limit: string;
  readonly used: string;
  /** Field of memory.stat: what of the used part the kernel can take back. */
  readonly cache: string;
}

const v2: Files = {
  mount: '/sys/fs/cgroup',
  limit: 'memory.max',
  used: 'memory.current',
  cache: 'inactive_file',
};
const v1: Files = {
  mount: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  cache: 'total_inactive_file',
};

export async function readHostMemory(): Promise<HostMemory> {
  const meminfo = await readText('/proc/meminfo');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1]);
  const machine = { totalBytes: kib('MemTotal') * 1_024, availableBytes: kib('MemAvailable') * 1_024 };
  const all = [machine, ...(await groupsOfThisProcess())];
  return {
    totalBytes: Math.min(...all.map(({ totalBytes }) => totalBytes)),
    availableBytes: Math.min(...all.map(({ availableBytes }) => availableBytes)),
  };
}

/** Each group from this process's own up to the root that has a limit. */
async function groupsOfThisProcess(): Promise<HostMemory[]> {
  const lines = (await readText('/proc/self/cgroup')).split('\n').map((line) => line.split(':'));
  const found: HostMemory[] = [];
  for (const [, controllers, path] of lines) {
    const files = controllers === '' ? v2 : controllers?.split(',').includes('memory') ? v1 : null;
    if (!files || !path) continue;
    for (let group = path; ; group = dirname(group)) {
      const memory = await readGroup(join(files.mount, group), files);
      if (memory) found.push(memory);
      if (group === '/') break;
    }
  }
  return found;
}

async function readGroup(directory: string, { limit, used, cache }: Files): Promise<HostMemory | null> {
  const totalBytes = Number.parseInt(await readText(join(directory, limit)), 10);
  if (!Number.isFinite(totalBytes)) return null; // "max", or no such file
  const stat = await readText(join(directory, 'memory.stat'));
  const cacheBytes = Number(new RegExp(`^${cache} (\\d+)`, 'm').exec(stat)?.[1] ?? 0);
  const usedBytes = Number.parseInt(await readText(join(directory, used)), 10) || 0;
  return { totalBytes, availableBytes: Math.max(0, totalBytes - usedBytes + cacheBytes) };
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}
