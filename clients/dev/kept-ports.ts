/** Ports that a home's stack had before, taken again when they are free: links into the UI stay good over restarts. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { freePort, isPortFree } from './free-port.ts';

export interface KeptPorts {
  port(name: 'temporal' | 'ui' | 'postgres' | 'simulator'): Promise<number>;
}

const portsSchema = z.record(z.string(), z.number().int().min(1).max(65_535));

export function createKeptPorts(home: string): KeptPorts {
  const file = join(home, 'ports.json');
  let turn: Promise<unknown> = Promise.resolve();
  const take = async (name: string): Promise<number> => {
    const ports = await readPorts(file);
    const before = ports[name];
    if (before !== undefined && (await isPortFree(before))) return before;
    const port = await freePort();
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ ...ports, [name]: port }));
    return port;
  };
  return {
    port(name) {
      const taken = turn.then(() => take(name));
      turn = taken.catch(() => {});
      return taken;
    },
  };
}

async function readPorts(file: string): Promise<Record<string, number>> {
  try {
    return portsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}
