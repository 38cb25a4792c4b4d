/** What a shim ends: trainers that go politely, that refuse, that hide their children; by order, by a newer epoch, by its own death. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { ScopeKind } from '../../../../activities/training/launcher.ts';
import {
  lives,
  type LocalAttempts,
  localAttempts,
  possibleScopes,
  soon,
} from '../../../support/local-attempts.ts';

/** A child of a child in a session of its own, then what the case adds; `hidden` holds its process id. */
const orphan = (body: string): string => `
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        ${body}
    os._exit(0)
os.wait()
time.sleep(3600)
`;
const note = `open('hidden', 'w').write(str(os.getpid()))`;
const deaf = `signal.signal(signal.SIGTERM, signal.SIG_IGN); ${note}; time.sleep(3600)`;
const bare = `os.execve(sys.executable, [sys.executable, '-c', "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); ${note}; time.sleep(3600)"], {})`;

describe('a stop', () => {
  it('gives the trainer alone the time to end by itself', async () => {
    await using attempts = await localAttempts();
    await attempts.start(`
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(signal.SIGTERM, lambda *_: open("told", "w")); time.sleep(3600)'])
def leave(*_):
    time.sleep(0.3)
    open('saved', 'w').write('1' if child.poll() is None and not os.path.exists('told') else '2')
    sys.exit(7)
signal.signal(signal.SIGTERM, leave)
open('ready', 'w').write('1')
time.sleep(3600)
`);
    await attempts.pid('ready');
    await attempts.stop(5);
    expect(await attempts.pid('saved')).toBe(1);
    expect(await attempts.ended()).toMatchObject({ code: 7, signal: null, oomKills: 0, reason: 'stopped' });
  });

  it('kills a trainer that ignores TERM after its grace', async () => {
    await using attempts = await localAttempts();
    const { trainerPid } = await attempts.start(
      'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nopen("ready", "w").write("1")\ntime.sleep(3600)',
      { graceS: 3600 },
    );
    await attempts.pid('ready');
    await attempts.stop(0);
    expect(await attempts.ended()).toMatchObject({ code: null, signal: 'SIGKILL', reason: 'stopped' });
    expect(await lives(trainerPid as number)).toBe(false);
  });

  it.each([
    ['in a session of its own that ignores TERM', deaf],
    ['that also cleared its environment', bare],
  ])('reaches a grandchild %s', async (_, body) => {
    await using attempts = await localAttempts({ scopeKinds: ['session'] });
    await attempts.start(orphan(body), { graceS: 0.2 });
    const hidden = await attempts.pid('hidden');
    await attempts.stop(0);
    expect(await lives(hidden)).toBe(false);
  });

  it('reaches a trainer that stands still', async () => {
    await using attempts = await localAttempts();
    const { trainerPid } = await attempts.start('import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)', {
      graceS: 0.2,
    });
    await soon(async () => expect(await readFile(`/proc/${trainerPid}/stat`, 'utf8')).toMatch(/\) T /));
    await attempts.stop(0);
    expect(await attempts.ended()).toMatchObject({ signal: 'SIGKILL', reason: 'stopped' });
  });

  it('reaches a trainer whose shim stands still', async () => {
    await using attempts = await localAttempts();
    const { pid, trainerPid } = await attempts.start('import time\ntime.sleep(3600)');
    process.kill(pid, 'SIGSTOP');
    await attempts.stop(1);
    expect(await lives(trainerPid as number)).toBe(false);
    expect((await attempts.observe()).status).toBe('ended');
  });
});

describe('an end without a stop', () => {
  it.each<[string, string, object]>([
    ['code', 'raise SystemExit(3)', { code: 3, signal: null, reason: null }],
    ['signal', 'import os; os.abort()', { code: null, signal: 'SIGABRT', reason: null }],
    ['real-time signal', 'import os; os.kill(os.getpid(), 40)', { code: null, signal: 'SIG40' }],
  ])('records its %s', async (_, program, expected) => {
    await using attempts = await localAttempts();
    await attempts.start(program);
    expect(await attempts.ended()).toMatchObject(expected);
  });

  it('takes along what the trainer left behind, before it is recorded', async () => {
    await using attempts = await localAttempts({ scopeKinds: ['session'] });
    await attempts.start(
      orphan(bare).replace(
        'time.sleep(3600)\n',
        `
while not os.path.exists('hidden'): time.sleep(0.01)
`,
      ),
    );
    await attempts.ended();
    expect(await lives(await attempts.pid('hidden'))).toBe(false);
  });
});

describe('a killed shim', () => {
  it.each<[string, string, ScopeKind]>([
    ['by the mark', deaf, 'session'],
    ...possibleScopes
      .filter((kind) => kind !== 'session')
      .map((kind): [string, string, ScopeKind] => [`by its ${kind}, without an environment`, bare, kind]),
  ])('leaves nothing: the trainer dies with it, the rest is found %s', async (_, body, kind) => {
    await using attempts = await localAttempts({ scopeKinds: [kind] });
    const { pid, trainerPid, scope } = await attempts.start(orphan(body));
    expect(scope.kind).toBe(kind);
    const hidden = await attempts.pid('hidden');
    process.kill(pid, 'SIGKILL');
    await soon(async () => expect(await lives(trainerPid as number)).toBe(false));
    expect(await lives(hidden)).toBe(true);
    expect(await attempts.observe()).toEqual({ status: 'gone' });
    expect(await lives(hidden)).toBe(false);
  });

  it('is not called gone while a process that hid itself may be one of its own', async () => {
    await using attempts = await localAttempts({ scopeKinds: ['session'] });
    // Neither mark nor group nor parent tells whose it is; the inherited lock does.
    const { pid } = await attempts.start(
      orphan(
        bare.replace(
          'os.execve',
          '[os.set_inheritable(fd, True) for fd in range(3, 64) if os.path.exists(f"/proc/self/fd/{fd}")]; os.execve',
        ),
      ),
    );
    const hidden = await attempts.pid('hidden');
    process.kill(pid, 'SIGKILL');
    const { status } = await soon(async () => {
      const seen = await attempts.observe();
      expect(seen.status).not.toBe('alive');
      return seen;
    });
    expect(status).toBe('unknown');
    await expect(attempts.stop(0)).rejects.toMatchObject({ type: 'Training.HostUnknown' });
    process.kill(hidden, 'SIGKILL');
    await soon(async () => expect(await attempts.observe()).toEqual({ status: 'gone' }));
  });
});

describe('a newer epoch in the lease', () => {
  const endless = 'import time\ntime.sleep(3600)';
  const fenced = async (attempts: LocalAttempts) =>
    expect(await attempts.ended()).toMatchObject({ reason: 'fenced' });

  it('ends the older attempt', async () => {
    await using attempts = await localAttempts();
    await attempts.start(endless);
    await attempts.lease(2);
    await fenced(attempts);
  });

  it('is noticed by a shim that stood still, before the end of its trainer', async () => {
    await using attempts = await localAttempts();
    const { pid, trainerPid } = await attempts.start(endless);
    process.kill(pid, 'SIGSTOP');
    process.kill(trainerPid as number, 'SIGKILL');
    await attempts.lease(2);
    process.kill(pid, 'SIGCONT');
    await fenced(attempts);
  });

  it('keeps a late shim from starting its trainer at all', async () => {
    await using attempts = await localAttempts();
    await attempts.lease(2);
    await expect(attempts.start('open("ran", "w").write("1")')).rejects.toThrow('fenced');
    await expect(attempts.ended()).resolves.toMatchObject({ code: 127 });
  });
});
