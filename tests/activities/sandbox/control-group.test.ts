/** The control group around the sandbox on this machine: it holds what it says, or there is none and the reason is named. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openControlGroup } from '../../../activities/sandbox/control-group.ts';
import { prepareSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import { levelsHere, sandboxDirectory } from '../../support/sandbox.ts';

const memoryBytes = 3 * 1024 * 1024 * 1024;
const group = await openControlGroup({ memoryBytes });
afterAll(() => (typeof group === 'string' ? undefined : group.close()));

describe.runIf(typeof group !== 'string')('a control group', () => {
  if (typeof group === 'string') return;
  const fileOf = (name: string): string => readFileSync(join(group.directory, name), 'utf8').trim();

  it('has the limits', () => {
    expect(Number(fileOf('memory.max'))).toBe(memoryBytes);
    expect(Number(fileOf('pids.max'))).toBeGreaterThan(0);
  });

  it('holds the sandbox, and is gone with it', async () => {
    const options = { memoryMb: 512, stateDirectory: sandboxDirectory, log: () => {} };
    const level = (await levelsHere()).find(({ passed }) => passed)?.level ?? 'confined';
    const zygote = await (await prepareSandbox(options, group)).start(level);
    expect(fileOf('cgroup.procs').split('\n').map(Number)).toContain(zygote.pid);
    await zygote.close();
    await group.close();
    expect(existsSync(group.directory)).toBe(false);
  });
});

describe.runIf(typeof group === 'string')('no control group', () => {
  it(`for a reason: ${typeof group === 'string' ? group : ''}`, () =>
    expect(group).toMatch(/no cgroup v2|gives no controllers|no group can be made/));
});
