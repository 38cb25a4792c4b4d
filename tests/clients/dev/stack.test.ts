/** The life of a home's stack: attach, refuse, restart a dead worker, leave nothing behind, take over what a kill left. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive } from '../../../workers/host/process-mark.ts';
import { readStackFile, type StackFile } from '../../../clients/dev/stack-file.ts';
import { freshHome, masgpt, startMasgpt } from '../../support/masgpt.ts';

test(
  'a stack is attached to, refuses a second one, restarts what dies, and ends with its owner',
  { timeout: 400_000 },
  async () => {
    await using home = await freshHome();
    const args = ['--home', home.path];
    const dev = startMasgpt(['dev', ...args]);
    await dev.until(/Ctrl-C stops it/);
    const running = await stackOf(home.path);
    expect((await stat(join(home.path, 'stack.json'))).mode & 0o777).toBe(0o600);
    expect(Object.keys(running.children).toSorted()).toEqual(['postgres', 'simulator', 'temporal', 'worker']);

    const attached = await masgpt(['runs', 'list', '--json', ...args]);
    expect(JSON.parse(attached.stdout)).toEqual({ runs: [] });
    expect(attached.code).toBe(0);

    const second = await masgpt(['dev', ...args]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`process ${dev.pid}`);
    expect(second.stderr).not.toMatch(/\n\s+at /);

    for (const { pid } of Object.values(running.children)) process.kill(pid, 'SIGKILL');
    await dev.until(/worker ended \(SIGKILL\); it starts again in 1 s/);
    const restarted = await eventually(
      () => stackOf(home.path),
      (file) => Object.entries(file.children).every(([name, { pid }]) => pid !== running.children[name]?.pid),
    );
    expect((await masgpt(['runs', 'list', ...args])).stdout).toContain('no runs yet');

    dev.kill('SIGKILL');
    await dev.ended;
    await eventually(
      async () => Object.values(restarted.children).filter(isAlive),
      (left) => left.length === 0,
    );

    // The file of the killed owner is stale: the next command starts a stack of its own and takes it down again.
    const after = await masgpt(['runs', 'list', '--json', ...args]);
    expect(JSON.parse(after.stdout)).toEqual({ runs: [] });
    expect(await readStackFile(home.path)).toBeUndefined();
  },
);

test('Ctrl-C stops every part, and a taken port is named', { timeout: 300_000 }, async () => {
  await using home = await freshHome();
  const dev = startMasgpt(['dev', '--home', home.path]);
  await dev.until(/Ctrl-C stops it/);
  const { children, parts } = await stackOf(home.path);
  const port = parts?.temporal.address.split(':')[1] ?? '';

  await using other = await freshHome();
  const taken = await masgpt(['dev', '--home', other.path, '--port', port]);
  expect(taken.code).toBe(1);
  expect(taken.stderr).toContain(`port ${port} is taken`);

  dev.kill('SIGINT');
  expect((await dev.ended).code).toBe(130);
  expect(Object.values(children).filter(isAlive)).toEqual([]);
  expect(await readStackFile(home.path)).toBeUndefined();
  expect(await readFile(join(home.path, 'ports.json'), 'utf8')).toContain(port);
});

async function stackOf(home: string): Promise<StackFile> {
  const file = await readStackFile(home);
  if (!file) throw new Error('no stack.json');
  return file;
}

async function eventually<T>(look: () => Promise<T>, done: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look();
    if (done(found)) return found;
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
