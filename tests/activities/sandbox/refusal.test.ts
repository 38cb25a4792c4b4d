/** Fails closed: a guest that does not confine itself is found out by the self-test, and what is missing is named. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseLevel, tryLevel } from '../../../activities/sandbox/choose-level.ts';
import { failure } from '../../../activities/failure.ts';
import { openSandbox, prepareSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import { sandboxUid } from '../../../activities/sandbox/sandbox-user.ts';
import { startZygote } from '../../../activities/sandbox/zygote.ts';
import { levelsHere, sandboxDirectory } from '../../support/sandbox.ts';

const directory = mkdtempSync(join(tmpdir(), 'masgpt-test-guest-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const options = { memoryMb: 512, stateDirectory: sandboxDirectory, log: () => {} };
const here = (await levelsHere()).filter(({ passed }) => passed).map(({ level }) => level);

/** The guest with one step of confinement taken out. */
async function weakened(step: RegExp, replacement: string) {
  const parts = await prepareSandbox(options);
  const guest = join(directory, Math.random().toString(36).slice(2));
  cpSync(parts.guest.directory, guest, { recursive: true });
  await chmod(directory, 0o755);
  const path = join(guest, 'confine.py');
  const source = readFileSync(path, 'utf8');
  expect(source).toMatch(step);
  writeFileSync(path, source.replace(step, replacement));
  return async (level: (typeof here)[number]) =>
    await tryLevel(level, {
      stateDirectory: sandboxDirectory,
      start: () =>
        startZygote({
          level,
          python: parts.python,
          guest,
          memoryMb: 512,
          uid: sandboxUid,
          bubblewrap: '/usr/bin/bwrap',
          socket: join(directory, `${Math.random().toString(36).slice(2)}.sock`),
        }),
    });
}

describe.runIf(here.includes('confined'))('the self-test refuses a guest', () => {
  it.each([
    [
      'without seccomp',
      /^ {4}return system_call\('seccomp'.*$/m,
      '    return close_all(_END_FD, _END_FD)',
      /make a UDP socket.*fork.*forbidden system call/,
    ],
    [
      'without Landlock',
      /^ {4}if not to\.landlock_abi:$/m,
      '    if True:',
      /read a file of the host.*read \/etc\/passwd/,
    ],
    [
      'without limits',
      /^ {8}\*_limit_resources\(to\),$/m,
      "        _limit('CPU', resource.RLIMIT_CPU, 130),",
      /raise its limits/,
    ],
    [
      'whose confinement breaks',
      /^ {8}\*_limit_resources\(to\),$/m,
      "        _limit('nothing', -1, 0),",
      /limit nothing: Invalid argument/,
    ],
  ])('%s', async (_, step, replacement, reason) => {
    const { trial, zygote } = await (await weakened(step, replacement))('confined');
    await zygote?.close();
    expect(trial.passed).toBe(false);
    expect(trial.reason.replaceAll('\n', ' ')).toMatch(reason);
  });
});

describe('a machine that gives no level', () => {
  it('is refused with what each level lacks', async () => {
    const start = (level: string) =>
      Promise.reject(
        failure('Sandbox.Unavailable', `${level}: bwrap: No permissions to create new namespace`),
      );
    await expect(
      chooseLevel({ wanted: 'auto', stateDirectory: sandboxDirectory, start }),
    ).rejects.toMatchObject({
      type: 'Sandbox.Refused',
      nonRetryable: true,
      message: expect.stringMatching(
        /namespaces: .*No permissions.*unprivileged user namespaces.*shared: .*confined: /,
      ),
    });
  });

  it('names a Python that will not do', async () => {
    await expect(
      openSandbox({ ...options, level: 'auto', python: '/no/such/python3' }),
    ).rejects.toMatchObject({
      type: 'Sandbox.Refused',
      message: expect.stringMatching(/\/no\/such\/python3: no such file.*Install Python 3\.10 or newer/),
    });
    await expect(openSandbox({ ...options, level: 'auto', python: '/bin/true' })).rejects.toMatchObject({
      type: 'Sandbox.Refused',
    });
  });
});
