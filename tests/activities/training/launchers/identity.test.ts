/** Who is dead: by boot, namespace, number and start together; what cannot be told is unknown, and then nothing is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type ProcessIdentity,
  livenessOf,
  thisMachine,
} from '../../../../activities/training/process-identity.ts';
import { createLocalLauncher } from '../../../../activities/training/launchers/local.ts';
import { launchCommand } from '../../../support/launch-attempt.ts';
import { lives, localAttempts, python, soon } from '../../../support/local-attempts.ts';

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

  // A process namespace is what a container is to the kernel here; making one takes root.
  it.runIf(process.getuid?.() === 0)(
    'in another container is unknown and left alone while it lives, and gone with its container',
    async () => {
      const root = await mkdtemp(join(tmpdir(), 'masgpt-shim-'));
      await using attempts = await localAttempts({}, root);
      const order = { program: endless, scopeKinds: ['session'], now: true, root } as const;
      const container = spawn(
        '/usr/bin/unshare',
        ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, ...launchCommand(order)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = (await once(container.stdout, 'data')) as [Buffer];
      const launched = JSON.parse(line.toString()) as { pid: number; scope: { container: boolean } };
      expect(launched.scope.container).toBe(true);
      expect(await attempts.observe()).toMatchObject({ status: 'unknown' });
      await expect(attempts.stop(0)).rejects.toMatchObject({ type: 'Training.HostUnknown' });
      // Seen again, so that the stop killed nobody.
      expect(await attempts.observe()).toMatchObject({ status: 'unknown' });
      container.kill('SIGKILL');
      await soon(async () => expect(await attempts.observe()).toEqual({ status: 'gone' }));
    },
  );

  it('out of sight with a free lock is gone, and what is left of it is killed', async () => {
    await using attempts = await localAttempts({ scopeKinds: ['session'] });
    const { pid } = await attempts.start(`
import os, time
if os.fork() == 0:
    os.setsid(); os.closerange(3, 64)
    open('orphan', 'w').write(str(os.getpid()))
time.sleep(3600)`);
    const orphan = await attempts.pid('orphan');
    const { identity } = attempts.layout(1);
    const told = JSON.parse(await readFile(identity, 'utf8')) as object;
    await writeFile(identity, JSON.stringify({ ...told, pidNamespace: 7 }));
    process.kill(pid, 'SIGKILL');
    await soon(async () => expect(await attempts.observe()).toEqual({ status: 'gone' }));
    expect(await lives(orphan)).toBe(false);
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
