/** What the kernel said since an attempt began: broken GPUs, and kills of its processes for want of memory. Pure. */

export interface KernelWords {
  readonly gpu: { readonly pci: string; readonly what: string } | null;
  /** The process ids that the kernel killed. */
  readonly oomPids: readonly number[];
}

/**
 * Xids that NVIDIA's catalogue (docs.nvidia.com/deploy/xid-errors) lays on memory, bus, link or firmware of the GPU. Others, such
 * as 13, 31, 43 and 45, are an application's faults or a clean-up after one; 63 is a repair that worked.
 */
const brokenHardware = new Set([
  48, 62, 64, 74, 79, 92, 94, 95, 110, 119, 120, 121, 136, 140, 142, 143, 145, 146, 147, 148, 149, 150,
]);

const xidLine = /NVRM: Xid \((?:PCI:)?([0-9A-Fa-f:.]{4,20})\): (\d{1,3}),? ?(.{0,160})/;
const oomLine = /(?:Out of memory|Memory cgroup out of memory): Killed process (\d{1,10})/;

/** `pids` are the attempt's: what the driver lays on another process is another run's. */
export function readKernelWords(lines: readonly string[], pids: ReadonlySet<number>): KernelWords {
  let gpu: KernelWords['gpu'] = null;
  const oomPids: number[] = [];
  for (const line of lines) {
    const xid = xidLine.exec(line);
    const pid = xid && /\bpid=(\d{1,10})/.exec(xid[3] as string)?.[1];
    if (xid && brokenHardware.has(Number(xid[2])) && (!pid || pids.has(Number(pid))))
      gpu ??= { pci: xid[1] as string, what: `Xid ${xid[2]}: ${xid[3]}` };
    const killed = oomLine.exec(line);
    if (killed) oomPids.push(Number(killed[1]));
  }
  return { gpu, oomPids };
}
