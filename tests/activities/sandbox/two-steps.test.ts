/** Children made by a process in between, as where the kernel refuses one raw clone: as confined, and their ends told as truly. */
import { afterAll, describe, expect, it } from 'vitest';
import { tryLevel } from '../../../activities/sandbox/choose-level.ts';
import { openSandbox, prepareSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import { levelsHere, programOf, runProgram, sandboxDirectory } from '../../support/sandbox.ts';

const options = { memoryMb: 512, stateDirectory: sandboxDirectory, twoSteps: true, log: () => {} };
const trial = (await levelsHere()).find(({ level }) => level === 'namespaces');

describe.runIf(trial?.passed)('in two steps', () => {
  it('the self-test holds', async () => {
    const parts = await prepareSandbox(options);
    const tried = await tryLevel('namespaces', parts);
    expect(tried).toMatchObject({ trial: { reason: '', passed: true }, zygote: { fork: 'unshare' } });
    await tried.zygote?.close();
  });

  describe('a program', async () => {
    const sandbox = await openSandbox({ ...options, level: 'namespaces' });
    afterAll(() => sandbox[Symbol.asyncDispose]());
    const run = async (body: string, limits = {}) =>
      await runProgram(sandbox, programOf(body, 'import os, threading, time'), { limits });

    it('is process 1 of its own, with threads', async () => {
      const body = [
        'with ThreadPoolExecutor(4) as pool:',
        "    replies = list(pool.map(self.llm.call_llm, 'abcd'))",
        'return json.dumps([replies, os.getpid(), os.getuid()])',
      ];
      const { outcome } = await run(body.join('\n'));
      expect(outcome).toMatchObject({ answer: '[["a", "b", "c", "d"], 1, 65534]' });
    });

    it.each([
      ['os._exit(7)', 'exited', /status 7/],
      ['ctypes = __import__("ctypes")\nctypes.string_at(0)', 'exited', /signal 11/],
      ['x = []\nwhile True: x.append(b"x" * (1 << 20))', 'memoryLimit', /MemoryError/],
    ])('that ends by %j is told as %s', async (body, kind, message) => {
      const { outcome } = await run(body);
      expect(outcome).toMatchObject({ status: 'failed', kind, message: expect.stringMatching(message) });
    });

    it('has its own CPU time and memory reported', async () => {
      const { resources } = await run(
        'held = b"x" * (64 << 20)\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\nreturn ""',
      );
      expect(resources.cpuMs).toBeGreaterThan(500);
      expect(resources.peakBytes).toBeGreaterThan(64 << 20);
    });

    it('is killed at its limit', async () => {
      const { outcome } = await run('time.sleep(60)', { computeMs: 1_000 });
      expect(outcome).toMatchObject({ status: 'failed', kind: 'computeLimit' });
    });

    it('follows another as many times as asked', async () => {
      for (let i = 0; i < 20; i += 1)
        expect((await run("return self.llm.call_llm('x')")).outcome).toMatchObject({ answer: 'x' });
    });
  });
});

describe.runIf(!trial?.passed)('namespaces', () => {
  it(`are absent here: ${trial?.reason}`, () => expect(trial?.passed).toBe(false));
});
