/** A real systemd in namespaces of its own, for tests of what the end of a unit does. Needs root, systemd, dbus-daemon and unshare. */
import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { soon } from '../local-attempts.ts';

const unshare = '/usr/bin/unshare';
const needed = ['/lib/systemd/systemd', '/usr/bin/dbus-daemon', '/usr/bin/busctl', unshare];
const init = fileURLToPath(new URL('./init.sh', import.meta.url));

const bus = {
  'dbus.socket': '[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/dbus/system_bus_socket\n',
  'dbus.service': `[Unit]\nDefaultDependencies=no\nRequires=dbus.socket\n[Service]\nType=notify\nNotifyAccess=main
ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation --syslog-only\n`,
};

/** Whether this machine can. */
export async function hasSystemd(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const found = await Promise.all(
    needed.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean) && (await cgroupMount()) !== '';
}

/** Starts the named services (text of their [Service] sections) after the bus. Disposing ends all of it. */
export async function startSystemd(services: Readonly<Record<string, string>>): Promise<AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'masgpt-units-'));
  const names = Object.keys(services).map((name) => `${name}.service`);
  const units = {
    ...bus,
    'test.target': `[Unit]\nWants=dbus.service ${names.join(' ')}\n`,
    ...Object.fromEntries(
      Object.entries(services).map(([name, text]) => [
        `${name}.service`,
        `[Unit]\nDefaultDependencies=no\nAfter=dbus.service\n[Service]\n${text}\n`,
      ]),
    ),
  };
  for (const [name, text] of Object.entries(units)) await writeFile(join(directory, name), text);
  const spaces = ['--pid', '--fork', '--mount', '--cgroup', '--uts', '--ipc', '--kill-child'];
  // A group of its own is the root that systemd sees: it leaves nothing in the host's.
  const group = join(await cgroupMount(), `masgpt-systemd-${process.pid}`);
  await mkdir(group);
  const enter = `echo $$ > ${group}/cgroup.procs && exec "$@"`;
  const child = spawn('/bin/sh', ['-c', enter, 'sh', unshare, ...spaces, 'sh', init, directory], {
    stdio: 'ignore',
  });
  return {
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      await writeFile(join(group, 'cgroup.kill'), '1');
      await soon(() => removeGroup(group));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Where control groups of version 2 are mounted; empty where they are not. */
export async function cgroupMount(): Promise<string> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.find((line) => line.includes(' - cgroup2 '))?.split(' ')[4] ?? '';
}

/** Groups go one by one, the innermost first. */
async function removeGroup(group: string): Promise<void> {
  for (const entry of await readdir(group, { withFileTypes: true }))
    if (entry.isDirectory()) await removeGroup(join(group, entry.name));
  await rmdir(group);
}
