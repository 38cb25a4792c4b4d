/** The worker's unit or control group ends with all that is in it; the shim, in a scope of its own, and its trainer live on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LaunchedAttempt, ScopeKind } from '../../../../activities/training/launcher.ts';
import { launchCommand } from '../../../support/launch-attempt.ts';
import { lives, localAttempts, possibleScopes, soon } from '../../../support/local-attempts.ts';
import { cgroupMount, hasSystemd, startSystemd } from '../../../support/systemd/start-systemd.ts';

const systemd = await hasSystemd();
const program = 'import time\ntime.sleep(3600)';
const groups: Readonly<Record<string, string>> = {
  cgroup2: await cgroupMount(),
  cgroup1: '/sys/fs/cgroup/systemd',
};

/** A worker in a control group of its own, or in a session of its own, that has launched an attempt. */
async function startWorker(kind: ScopeKind, group: string | undefined) {
  const child = spawn(process.execPath, launchCommand({ program, scopeKinds: [kind] }), {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  if (group) await writeFile(join(group, 'cgroup.procs'), String(child.pid));
  child.stdin.write('go\n');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, launched: JSON.parse(line.toString()) as LaunchedAttempt & { readonly root: string } };
}

describe('the end of the worker', () => {
  it.each(possibleScopes)('with its whole group leaves shim and trainer alive: %s', async (kind) => {
    const group =
      kind === 'session' ? undefined : join(groups[kind] ?? '', `masgpt-test-worker-${process.pid}`);
    if (group) await mkdir(group);
    const { child, launched } = await startWorker(kind, group);
    await using attempts = await localAttempts({ scopeKinds: [kind] }, launched.root);
    try {
      expect(launched.scope).toMatchObject({ kind });
      const gone = once(child, 'exit');
      if (group) {
        const inside = (await readFile(join(group, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean);
        expect(inside).toContain(String(child.pid));
        expect(inside).not.toContain(String(launched.pid));
        for (const pid of inside) process.kill(Number(pid), 'SIGKILL');
      } else {
        process.kill(-(child.pid as number), 'SIGKILL');
      }
      await gone;
      expect(await lives(launched.pid)).toBe(true);
      expect(await lives(launched.trainerPid as number)).toBe(true);
      expect(await attempts.observe()).toEqual({ status: 'alive' });
    } finally {
      await attempts.stop(1);
      if (group) await soon(() => rmdir(group));
    }
    expect(await attempts.ended()).toMatchObject({ reason: 'stopped', signal: 'SIGTERM' });
    // The scope goes with the attempt.
    if (launched.scope.group) {
      const made = join(launched.scope.group, '..');
      await soon(async () => expect(await readFile(join(made, 'cgroup.procs')).catch(() => null)).toBeNull());
    }
  });

  // Needs root, systemd and a bus; elsewhere the cases above are all that can be shown.
  it.runIf(systemd)('as a systemd unit that is stopped leaves shim and trainer alive', async () => {
    const root = await mkdtemp(join(tmpdir(), 'masgpt-shim-'));
    const attempt = join(root, 'shim', 'attempts', '1');
    const command = launchCommand({ program, scopeKinds: ['systemd'], now: true, root });
    const order = join(root, 'worker.sh');
    const quoted = [process.execPath, ...command].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    await writeFile(order, `cd ${process.cwd()}\nexec ${quoted.join(' ')}\n`);
    const check = join(root, 'check.sh');
    await writeFile(
      check,
      `while [ ! -s ${attempt}/attempt.json ]; do sleep 0.1; done
systemctl show worker -p MainPID --value > ${root}/worker.pid
systemctl stop worker.service
field() { sed 's/.*"'$1'": \\([0-9]*\\).*/\\1/' ${attempt}/attempt.json; }
for pid in $(cat ${root}/worker.pid) $(field pid) $(field trainerPid); do
  if kill -0 $pid 2>/dev/null; then echo alive; else echo dead; fi
done > ${root}/verdict.part
cat /proc/$(field pid)/cgroup | tail -1 >> ${root}/verdict.part
mv ${root}/verdict.part ${root}/verdict
`,
    );
    await using _systemd = await startSystemd({
      worker: `ExecStart=/bin/sh ${order}\nKillMode=control-group\nTimeoutStopSec=2\nEnvironment=PATH=${process.env['PATH']}`,
      check: `ExecStart=/bin/sh ${check}`,
    });
    const verdict = await soon(() => readFile(join(root, 'verdict'), 'utf8'));
    expect(verdict.split('\n').slice(0, 3)).toEqual(['dead', 'alive', 'alive']);
    expect(verdict).toContain('/system.slice/masgpt-training-shim-1-');
    expect(JSON.parse(await readFile(join(attempt, 'attempt.json'), 'utf8'))).toMatchObject({
      scope: { kind: 'systemd', container: true },
    });
    await rm(root, { recursive: true, force: true });
  });
});
