/** The GPUs of this host, as NVIDIA's driver lists them. */
import { x } from 'tinyexec';

export interface Gpu {
  /** Also the name of its lock: letters, digits and dashes, at most 64. */
  readonly uuid: string;
  readonly index: number;
  readonly name: string;
  /** Whole GiB, rounded: 81,559 MiB are 80. Null = not told. */
  readonly memoryGib: number | null;
  /** Bus address as the kernel writes it; null = not known. */
  readonly pci: string | null;
}

const query = ['--query-gpu=index,uuid,name,memory.total,pci.bus_id', '--format=csv,noheader,nounits'];
/** A driver that wakes all GPUs takes seconds. */
const timeoutMs = 15_000;
const maxGpus = 256;

/** Empty where there is no driver; undefined when it does not answer. GPUs in MIG mode are whole here: name their parts in the config. */
export async function discoverGpus(): Promise<readonly Gpu[] | undefined> {
  try {
    const { exitCode, stdout } = await x('nvidia-smi', query, { timeout: timeoutMs });
    return exitCode === 0 ? readGpuList(stdout) : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : undefined;
  }
}

const line = /^(\d{1,4}), ([^,]{1,100}), (.{1,200}), ([^,]{1,40}), ([^,]{1,40})$/;

/** Lines that are none are left out. A GPU without a UUID of its own is named by its index. */
export function readGpuList(text: string): Gpu[] {
  return text
    .split(/\r?\n/)
    .slice(0, maxGpus)
    .flatMap((each) => {
      const [, index, uuid = '', name = '', mib, bus = ''] = line.exec(each.trim()) ?? [];
      if (index === undefined) return [];
      const memory = Number(mib);
      return {
        uuid: isUuid(uuid) ? uuid : `index-${index}`,
        index: Number(index),
        name: name.trim(),
        memoryGib: Number.isFinite(memory) && memory > 0 ? Math.round(memory / 1024) : null,
        pci: busAddress(bus),
      };
    });
}

/** What `CUDA_VISIBLE_DEVICES` takes: a UUID, or else the index. */
export function visibleDevices(gpus: readonly Pick<Gpu, 'uuid' | 'index'>[]): string {
  return gpus.map(({ uuid, index }) => (isUuid(uuid) ? uuid : String(index))).join(',');
}

function isUuid(text: string): boolean {
  return /^(?:GPU|MIG)-[A-Za-z0-9-]{1,60}$/.test(text);
}

/** `00000000:3B:00.0` and `0000:3b:00` are one: domain, bus, device. */
export function busAddress(text: string): string | null {
  const [, domain, bus, device] =
    /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})(?:\.[0-7])?$/i.exec(text.trim()) ?? [];
  if (bus === undefined) return null;
  return `${(domain ?? '').slice(-4).padStart(4, '0')}:${bus}:${device}`.toLowerCase();
}
