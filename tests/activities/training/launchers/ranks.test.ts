/** Several ranks on this host by torchrun and by accelerate: one attempt, one mark, no restart by anybody but the supervisor. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { commandLine } from '../../../../activities/training/launchers/command-line.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import { lives, localAttempts, soon } from '../../../support/local-attempts.ts';

let interpreter: string;
beforeAll(async () => void (interpreter = await ensurePython('trainer', { note: console.error })), 900_000);

const program = (body: string): string => `
import json, os, signal, sys, time
import torch.distributed as dist
dist.init_process_group('gloo')
rank = dist.get_rank()
open(f"{rank}.{os.getpid()}.json", 'w').write(json.dumps({'pid': os.getpid(), 'ranks': dist.get_world_size(), 'env': os.environ['RANK'],
  'mark': os.environ['MASGPT_ATTEMPT'], 'address': os.environ['MASTER_ADDR'], 'session': os.getsid(0), 'args': sys.argv[1:]}))
dist.barrier()
${body}
`;

async function ranks(directory: string): Promise<Record<string, unknown>[]> {
  const names = (await readdir(directory)).filter((name) => /^\d+\.\d+\.json$/.test(name)).toSorted();
  return Promise.all(
    names.map(
      async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as Record<string, unknown>,
    ),
  );
}

it.each(['torchrun', 'accelerate'] as const)(
  '%s starts each rank with the mark, on the loopback interface; a stop ends them all',
  async (launch) => {
    await using attempts = await localAttempts();
    await attempts.start(program('time.sleep(3600)'), { interpreter, distributed: { launch, ranks: 2 } });
    const found = await soon(async () => {
      const all = await ranks(attempts.layout(1).directory);
      expect(all).toHaveLength(2);
      return all;
    }, 120);
    expect(found.map(({ env }) => env)).toEqual(['0', '1']);
    for (const rank of found) {
      expect(rank).toMatchObject({ ranks: 2, address: '127.0.0.1', args: ['job.json'] });
      expect(rank['mark']).toMatch(/^training\/shim:1:/);
    }
    await attempts.stop(0);
    for (const { pid } of found) expect(await lives(pid as number)).toBe(false);
  },
  240_000,
);

it('a rank that is killed ends the attempt, and torchrun does not start it again', async () => {
  await using attempts = await localAttempts();
  await attempts.start(program('if rank == 1: os.kill(os.getpid(), signal.SIGKILL)\ntime.sleep(3600)'), {
    ...{ interpreter, distributed: { launch: 'torchrun', ranks: 2 } },
  });
  expect(await soon(() => attempts.ended(), 120)).toMatchObject({ code: 1, signal: null, reason: null });
  const found = await ranks(attempts.layout(1).directory);
  expect(found).toHaveLength(2);
  for (const { pid } of found) expect(await lives(pid as number)).toBe(false);
}, 240_000);

it('the launcher is found beside the Python of the command, else by its name', () => {
  const line = (command: string[], launch: 'torchrun' | 'accelerate', count = 2) =>
    commandLine({
      run: 'training/x',
      epoch: 1,
      env: {},
      graceS: 1,
      command,
      distributed: { launch, ranks: count },
    });
  expect(line(['/usr/bin/env', 'python3', '-u', 'train.py', 'job.json'], 'torchrun').slice(0, 5)).toEqual([
    ...['/usr/bin/env', 'python3', '-u', '-m', 'torch.distributed.run'],
  ]);
  expect(line(['./train', 'job.json'], 'torchrun')).toEqual(
    expect.arrayContaining(['torchrun', '--no-python']),
  );
  expect(line(['./train', 'job.json'], 'accelerate').slice(0, 2)).toEqual(['accelerate', 'launch']);
  expect(line(['./train', 'job.json'], 'accelerate', 1)).not.toContain('--multi_gpu');
});
