/** The driver's list, as nvidia-smi prints it (recorded texts), and what of it a trainer and a lock are told. */
import { describe, expect, it } from 'vitest';
import { busAddress, readGpuList, visibleDevices } from '../../../../activities/training/gpus/discover.ts';

const two = [
  '0, GPU-5c1a6d52-8a1f-3c0e-9c43-1f2d0a7be001, NVIDIA H100 80GB HBM3, 81559, 00000000:18:00.0',
  '1, GPU-5c1a6d52-8a1f-3c0e-9c43-1f2d0a7be002, NVIDIA H100 80GB HBM3, 81559, 00000000:3B:00.0',
  '',
].join('\n');

describe('the list', () => {
  it('names each GPU with its memory in whole GiB and its address as the kernel writes it', () => {
    expect(readGpuList(two)).toEqual([
      {
        ...{ uuid: 'GPU-5c1a6d52-8a1f-3c0e-9c43-1f2d0a7be001', index: 0, name: 'NVIDIA H100 80GB HBM3' },
        ...{ memoryGib: 80, pci: '0000:18:00' },
      },
      {
        ...{ uuid: 'GPU-5c1a6d52-8a1f-3c0e-9c43-1f2d0a7be002', index: 1, name: 'NVIDIA H100 80GB HBM3' },
        ...{ memoryGib: 80, pci: '0000:3b:00' },
      },
    ]);
  });

  it('takes what a driver does not tell as unknown, and a GPU without a UUID by its index', () => {
    const [unified, virtual] = readGpuList(
      '0, GPU-0a, NVIDIA GB10, [N/A], 0000000F:01:00.0\r\n1, [N/A], GRID V100-8Q, 8192, [N/A]\r\n',
    );
    expect(unified).toMatchObject({ uuid: 'GPU-0a', memoryGib: null, pci: '000f:01:00' });
    expect(virtual).toMatchObject({ uuid: 'index-1', memoryGib: 8, pci: null });
    expect(visibleDevices([unified, virtual] as never)).toBe('GPU-0a,1');
  });

  it.each([
    'No devices were found',
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    'Unable to determine the device handle for GPU0000:3B:00.0: Unknown Error',
    '0, GPU-0a, a name',
    '-1, GPU-0a, a, 1, b',
  ])('finds nothing in %j', (text) => {
    expect(readGpuList(text)).toEqual([]);
  });

  it('names no lock outside of its directory', () => {
    expect(readGpuList('0, GPU-../../etc/passwd, x, 1024, 0000:01:00.0')[0]?.uuid).toBe('index-0');
  });
});

it('hides every GPU from whoever has none', () => {
  expect(visibleDevices([])).toBe('');
});

it('knows one bus address in the words of the driver and of the kernel', () => {
  expect(busAddress('00000000:3B:00.0')).toBe(busAddress('0000:3b:00'));
  expect(busAddress('somewhere')).toBeNull();
});
