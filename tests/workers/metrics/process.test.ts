/** `workers/main.ts` as a process serves its metrics where the environment says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { productScript } from '../../../clients/dev/product-script.ts';
import { freshDatabase, freshTaskQueue, temporal } from '../../support/environment.ts';

it('serves those of trainings and its last poll', async () => {
  await using fresh = await freshDatabase();
  const home = await mkdtemp(join(tmpdir(), 'masgpt-metrics-'));
  const queue = freshTaskQueue();
  const env = {
    ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], MASGPT_CACHE: process.env['MASGPT_CACHE'] },
    ...{ TEMPORAL_ADDRESS: temporal.address(), DATABASE_URL: fresh.url, MASGPT_TASK_QUEUE: queue },
    ...{ MASGPT_HOME: home, MASGPT_METRICS: '127.0.0.1:0', MASGPT_HOST: 'metrics-host' },
  };
  const child = spawn(process.execPath, [...productScript('workers/main.ts'), '--queues', 'gpu'], {
    ...{ env, cwd: home, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  try {
    let metricsUrl = '';
    for await (const line of createInterface({ input: child.stdout })) {
      metricsUrl = (JSON.parse(line) as { metricsUrl: string }).metricsUrl;
      break;
    }
    await expect
      .poll(async () => (await fetch(metricsUrl)).text(), { timeout: 30_000 })
      .toMatch(new RegExp(`last_poll_timestamp_seconds\\{queue="${queue}-gpu.metrics-host"\\} \\d`));
    const text = await (await fetch(metricsUrl)).text();
    expect(text).toMatch(/^masgpt_training_runs\{state="needsOperator"\} \d+$/m);
    expect(text).toContain('# TYPE masgpt_training_attempts_ended_total counter');
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await rm(home, { recursive: true, force: true });
  }
}, 120_000);
