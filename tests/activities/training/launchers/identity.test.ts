/** Who is dead: by boot, namespace, number and start together; what cannot be told is unknown, and then nothing is killed. */
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  type ProcessIdentity,
  livenessOf,
  thisMachine,
} from '../../../../activities/training/process-identity.ts';
import { createLocalLauncher } from '../../../../activities/training/launchers/local.ts';
import { lives, localAttempts, python } from '../../../support/local-attempts.ts';

const endless = 'import time\ntime.sleep(3600)';
const here = thisMachine(hostname());
const blind = { host: hostname(), readBootId: () => Promise.reject(new Error('covered by the container')) };

describe('livenessOf', () => {
  it.each<[string, Partial<ProcessIdentity>, string]>([
    ['the process itself', {}, 'alive'],
    ['the process after its host got another name', { host: 'renamed' }, 'alive'],
    ['another process that got its number', { startTicks: '1' }, 'dead'],
    ['a number that nobody has', { pid: 2 ** 22 + 7 }, 'dead'],
    ['an earlier boot of this host', { bootId: 'an earlier one' }, 'dead'],
    ['another host', { bootId: 'of another kernel', host: 'elsewhere' }, 'unknown'],
    ['another container of this host', { pidNamespace: 7 }, 'hidden'],
  ])('%s', async (_, change, expected) => {
    await using attempts = await localAttempts();
    const identity = await attempts.start(endless);
    expect(await livenessOf({ ...identity, ...change }, here)).toBe(expected);
    expect(await livenessOf({ ...identity, ...change }, blind)).toBe('unknown');
  });
});

describe('an attempt', () => {
  it('is unknown where the boot id cannot be read, and is neither ended nor stopped there', async () => {
    await using attempts = await localAttempts();
    const { trainerPid } = await attempts.start(endless);
    const elsewhere = createLocalLauncher({ findPython: () => Promise.resolve(python), machine: blind });
    const layout = attempts.layout(1);
    expect(await elsewhere.observe(layout, 'training/shim', 1)).toMatchObject({ status: 'unknown' });
    await expect(elsewhere.stop(layout, 'training/shim', 1, 0)).rejects.toMatchObject({
      type: 'Training.HostUnknown',
    });
    expect(await lives(trainerPid as number)).toBe(true);
  });

  it('in another container is unknown while it holds its lock, and gone once it does not', async () => {
    await using attempts = await localAttempts({ scopeKinds: ['session'] });
    // Its mark is out of sight, as it is in another container.
    const { pid, trainerPid } = await attempts.start(endless);
    const { identity, spec } = attempts.layout(1);
    for (const [file, change] of [
      [identity, { pidNamespace: 7 }],
      [spec, { mark: 'hidden' }],
    ] as const) {
      await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...change }));
    }
    expect(await attempts.observe()).toMatchObject({ status: 'unknown' });
    expect(await lives(trainerPid as number)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => attempts.observe(), { timeout: 20_000 }).toEqual({ status: 'gone' });
  });

  it('is started once by two launchers at the same time, and found by a third', async () => {
    await using attempts = await localAttempts();
    const both = await Promise.all([attempts.start(endless), attempts.start(endless)]);
    expect(both[0]).toEqual(both[1]);
    expect(await attempts.start(endless)).toEqual(both[0]);
  });

  it('that could not start is started by the same call once it can', async () => {
    await using attempts = await localAttempts();
    const { launcher, root } = attempts;
    const program = `${root}/program`;
    const spec = { run: 'training/shim', epoch: 1, command: [program], env: {}, graceS: 1 };
    await expect(launcher.launch(attempts.layout(1), spec)).rejects.toThrow(/No such file.*program/);
    expect(await attempts.ended()).toMatchObject({ code: 127, signal: null });
    await writeFile(program, '#!/bin/sh\nexit 4\n', { mode: 0o755 });
    await launcher.launch(attempts.layout(1), spec);
    expect(await attempts.ended()).toMatchObject({ code: 4, reason: null });
  });
});
