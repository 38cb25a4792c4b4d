/** A GPU belongs to one attempt at a time on this host, also when the shim that took it is dead and its tree is not. */
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lives, localAttempts, soon } from '../../../support/local-attempts.ts';

const endless = 'import time\ntime.sleep(3600)';
const [first, second, third] = ['GPU-0a', 'GPU-0b', 'GPU-0c'] as const;

it('is refused to a second attempt, which names the holder, and free after the end', async () => {
  await using attempts = await localAttempts();
  await attempts.start(endless, { epoch: 1, gpus: [first, second] });
  await attempts.start(endless, { epoch: 2, gpus: [third] });
  const wanted = () => attempts.start(endless, { epoch: 3, gpus: [third, second] });
  await expect(wanted()).rejects.toThrow(`gpu ${second} is held by training/shim:1`);
  // A refusal keeps nothing.
  await attempts.stop(1, 2);
  const { trainerPid } = await attempts.start(endless, { epoch: 4, gpus: [third] });
  expect(await lives(trainerPid as number)).toBe(true);
  await attempts.stop(1, 4);
  await attempts.stop(1, 1);
  await wanted();
  expect(await attempts.observe(3)).toEqual({ status: 'alive' });
});

it.each([
  ['that closed all it inherited', 'os.closerange(3, 64)'],
  // The lock itself is inherited: nothing else tells whose this process is.
  [
    'that has no mark',
    `os.execve(sys.executable, [sys.executable, '-c', "import time; time.sleep(3600)"], {})`,
  ],
])('stays taken by a process %s and outlived its shim', async (_, body) => {
  await using attempts = await localAttempts({ scopeKinds: ['session'] });
  const { pid, trainerPid } = await attempts.start(
    `
import os, sys, time
for fd in range(3, 64):
    if os.path.exists(f'/proc/self/fd/{fd}'): os.set_inheritable(fd, True)
if os.fork() == 0:
    os.setsid()
    open('survivor', 'w').write(str(os.getpid()))
    ${body}
time.sleep(3600)
`,
    { gpus: [first] },
  );
  const survivor = await attempts.pid('survivor');
  process.kill(pid, 'SIGKILL');
  await soon(async () => expect(await lives(trainerPid as number)).toBe(false));
  expect(await lives(survivor)).toBe(true);
  await expect(attempts.start(endless, { epoch: 2, gpus: [first] })).rejects.toThrow(
    /held by .*training\/shim:1/,
  );
  process.kill(survivor, 'SIGKILL');
  await soon(async () => expect(await lives(survivor)).toBe(false));
  await attempts.start(endless, { epoch: 2, gpus: [first] });
  expect(await attempts.observe(2)).toEqual({ status: 'alive' });
});

it('is told by a file that anybody may have written: garbage, a link, terminal escapes', async () => {
  await using attempts = await localAttempts();
  const file = (gpu: string) => join(attempts.root, `masgpt-gpu-${gpu}.lock`);
  await writeFile(file(first), 'no JSON \u001b[2J');
  await attempts.start(endless, { epoch: 1, gpus: [first] });
  await writeFile(file(first), JSON.stringify({ run: 'evil\u001b[2J', epoch: 'x'.repeat(5_000) }));
  const refused = await attempts
    .start(endless, { epoch: 2, gpus: [first] })
    .catch((error: Error) => error.message);
  expect(refused).toMatch(/held by/);
  expect(refused).not.toContain('\u001b');
  await symlink('/etc/passwd', file(second));
  await expect(attempts.start(endless, { epoch: 3, gpus: [second] })).rejects.toThrow('did not start');
});

it('has a name that cannot climb out of the directory of locks', async () => {
  await using attempts = await localAttempts();
  await expect(attempts.start(endless, { gpus: ['../../etc/x'] })).rejects.toThrow();
});
