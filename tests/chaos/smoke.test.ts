/** The chaos bench in its smallest form, as its command: a few dozen faults on eight runs or so, and one kill of the real trainer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { productScript } from '../../clients/dev/product-script.ts';

interface Document {
  readonly metrics: Readonly<Record<string, number>>;
  readonly byFault: Readonly<Record<string, unknown>>;
  readonly broken: readonly string[];
}

it(
  'keeps every promise under faults of runs and of the stack',
  async () => {
    const { TEMPORAL_ADDRESS: _address, DATABASE_URL: _url, MASGPT_HOME: _home, ...env } = process.env;
    const command = [...productScript('tests/chaos/main.ts'), 'training', '--smoke', '--json'];
    const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [written] = await Promise.all([text(child.stdout), once(child, 'close')]);
    const { metrics, byFault, broken } = JSON.parse(written) as Document;
    expect(broken).toEqual([]);
    expect(metrics).toMatchObject({
      ...{ duplicates: 0, stuck: 0, falseSuccesses: 0, failures: 0, weightsEqualRate: 1 },
      ...{ needlessRestarts: 0, falseHangs: 0, realKills: 1, realModelsEqualRate: 1 },
    });
    expect(metrics['corruptNewestRolledBack']).toBe(metrics['corruptNewest']);
    for (const name of ['stepsLost', 'detectionP50S', 'detectionP99S']) expect(metrics).toHaveProperty(name);
    expect(metrics['kills']).toBeGreaterThanOrEqual(5);
    expect(Object.keys(byFault).length).toBeGreaterThanOrEqual(5);
    expect(child.exitCode).toBe(0);
  },
  15 * 60_000,
);
