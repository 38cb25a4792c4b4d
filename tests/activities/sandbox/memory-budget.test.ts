/** Programs of one worker stay within a budget of the host's memory: real programs that really take it. */
import { afterAll, describe, expect, it } from 'vitest';
import { openHostMemory } from '../../../activities/sandbox/host-memory.ts';
import { openSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import type { PendingCall, Sandbox } from '../../../activities/sandbox/sandbox.ts';
import { echo, programOf, runProgram, sandboxDirectory } from '../../support/sandbox.ts';

const mib = 1 << 20;
const log: string[] = [];

async function sandboxOf(budgetMib: number): Promise<Sandbox> {
  const { availableBytes } = openHostMemory()();
  const sandbox = await openSandbox({
    ...{ level: 'auto', memoryMb: 768, stateDirectory: sandboxDirectory, log: (line) => log.push(line) },
    hostMemoryShare: (budgetMib * mib) / availableBytes,
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());
  return sandbox;
}

const small = programOf("return self.llm.call_llm('small')");
/** Takes so much, tells it, and keeps it until the call is answered. */
const taking = (amountMib: number): string =>
  programOf(`held = b'x' * (${amountMib} << 20)\nreturn self.llm.call_llm('${amountMib}') + str(len(held))`);

/** Replies that are held back until `release`. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const calls: string[] = [];
  const reply = async (call: PendingCall) => {
    if (call.call.method === 'chat') calls.push(String(call.call.args.messages[0]?.content));
    await opened;
    return echo(call);
  };
  return { calls, reply, release: () => open() };
}

describe('a budget with room for four', () => {
  it('lets the fifth in when one has left, and takes back who waits no longer', async () => {
    const sandbox = await sandboxOf(25);
    const first = gate();
    const runs = [1, 2, 3, 4].map(() => runProgram(sandbox, small, first));
    await expect.poll(() => first.calls.length, { timeout: 10_000 }).toBe(4);
    const next = gate();
    next.release();
    const fifth = runProgram(sandbox, small, next);
    const impatient = new AbortController();
    const sixth = sandbox.open(
      {
        ...{ source: small, query: 'q', seed: 'a1', startedAtMs: 0, models: [] },
        limits: { computeMs: 1_000, totalMs: 1_000 } as never,
      },
      impatient.signal,
    );
    impatient.abort(new Error('enough'));
    await expect(sixth).rejects.toThrow('enough');
    expect(next.calls).toEqual([]);
    first.release();
    for (const { outcome } of await Promise.all([...runs, fifth]))
      expect(outcome).toMatchObject({ status: 'answered', answer: 'small' });
  });

  it('runs code for a program without waiting for room', async () => {
    const sandbox = await sandboxOf(1);
    const never = new AbortController().signal;
    const { outcome } = await runProgram(sandbox, programOf("return execute_code('output = 6 * 7')"), {
      async reply({ call }) {
        if (call.method !== 'executeCode') throw new Error(call.method);
        const { text } = await sandbox.runCode({ code: call.args.code, tests: [], timeoutMs: 10_000 }, never);
        return { ok: true, value: text };
      },
    });
    expect(outcome).toMatchObject({ answer: expect.stringMatching(/^Final output: 42/) });
  });
});

describe('programs that take more than the budget together', () => {
  it('lose the largest, by name; the others end as they would', async () => {
    const sandbox = await sandboxOf(256);
    const held = gate();
    const sizes = [60, 180, 90];
    const runs = sizes.map((size) => runProgram(sandbox, taking(size), held));
    const largest = await runs[1];
    expect(largest?.outcome).toMatchObject({
      status: 'failed',
      kind: 'memoryLimit',
      message: expect.stringMatching(/^the host ran short of memory/),
    });
    expect(log).toContainEqual(
      expect.stringMatching(/^programs take \d+ MiB \(a budget of \d+ MiB\): ending the largest, 1\d\d MiB/),
    );
    held.release();
    const others = await Promise.all([runs[0], runs[2]]);
    expect(others.map((ran) => ran?.outcome)).toMatchObject([
      { status: 'answered', answer: `60${60 * mib}` },
      { status: 'answered', answer: `90${90 * mib}` },
    ]);
    const { outcome } = await runProgram(sandbox, small);
    expect(outcome).toMatchObject({ status: 'answered' });
  });
});

describe('memory of the host', () => {
  it('is read', async () => {
    const { totalBytes, availableBytes } = openHostMemory()();
    expect(totalBytes).toBeGreaterThan(256 * mib);
    expect(availableBytes).toBeGreaterThan(0);
    expect(availableBytes).toBeLessThanOrEqual(totalBytes);
  });
});
