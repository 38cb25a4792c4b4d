/** What this process may use of the host's memory: of the machine, or of the control groups (v2, v1) it lives in. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface HostMemory {
  readonly totalBytes: number;
  /** Without swapping or ending anybody; caches count as available. */
  readonly availableBytes: number;
}

interface Files {
  /** Where the groups are. */
  readonly root: string;
  readonly limit: string;
  readonly used: string;
  /** Field of memory.stat: what of the used part the kernel can take back. */
  readonly cache: string;
}

const v2: Files = {
  root: '/sys/fs/cgroup',
  limit: 'memory.max',
  used: 'memory.current',
  cache: 'inactive_file',
};
const v1: Files = {
  root: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  cache: 'total_inactive_file',
};

interface Group {
  readonly directory: string;
  readonly files: Files;
}

/** Which groups limit this process is found out once; each call reads anew what is available. */
export function openHostMemory(): () => HostMemory {
  const groups = limitingGroups();
  return () => readHostMemory(groups);
}

function readHostMemory(groups: readonly Group[]): HostMemory {
  const meminfo = readText('/proc/meminfo');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1]);
  const machine = { totalBytes: kib('MemTotal') * 1_024, availableBytes: kib('MemAvailable') * 1_024 };
  const limits = groups.map(readGroup);
  const all = [machine, ...limits.filter((limit) => limit !== null)];
  return {
    totalBytes: Math.min(...all.map(({ totalBytes }) => totalBytes)),
    availableBytes: Math.min(...all.map(({ availableBytes }) => availableBytes)),
  };
}

/** From this process's own up to the root. */
function limitingGroups(): Group[] {
  const lines = readText('/proc/self/cgroup')
    .split('\n')
    .map((line) => line.split(':'));
  const found: Group[] = [];
  for (const [, controllers, own] of lines) {
    const files = controllers === '' ? v2 : controllers?.split(',').includes('memory') ? v1 : null;
    if (!files || !own) continue;
    for (let path = own; ; path = dirname(path)) {
      const group = { directory: join(files.root, path), files };
      if (readGroup(group)) found.push(group);
      if (path === '/') break;
    }
  }
  return found;
}

function readGroup({ directory, files }: Group): HostMemory | null {
  const { limit, used, cache } = files;
  const totalBytes = Number.parseInt(readText(join(directory, limit)), 10);
  if (!Number.isFinite(totalBytes)) return null; // "max", or no such file
  const stat = readText(join(directory, 'memory.stat'));
  const cacheBytes = Number(new RegExp(`^${cache} (\\d+)`, 'm').exec(stat)?.[1] ?? 0);
  const usedBytes = Number.parseInt(readText(join(directory, used)), 10) || 0;
  return { totalBytes, availableBytes: Math.max(0, totalBytes - usedBytes + cacheBytes) };
}

/** The kernel answers from memory: a thread of the pool would cost more than the read. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
