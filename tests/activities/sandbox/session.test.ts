/** Keys, replay, idle detection, the wall clock, and what the host keeps when the sandbox itself breaks. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { programOf, runProgram, testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();
const never = new AbortController().signal;
const start = {
  query: 'q',
  seed: 'a1',
  startedAtMs: 1_700_000_000_000,
  models: ['driver'],
  limits: limitsSchema.parse({}),
};
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const parallel = programOf(
  [
    'import asyncio, uuid, secrets',
    'def work(i):',
    "    first = self.llm.call_llm(f'{i} {random.random()} {uuid.uuid4()}')",
    '    return self.llm.call_llm(first + secrets.token_hex(2))',
    'with ThreadPoolExecutor(4) as pool:',
    '    results = [future.result() for future in as_completed([pool.submit(work, i) for i in range(4)])]',
    'async def main():',
    '    return await asyncio.gather(*(asyncio.to_thread(work, f"a{i}") for i in range(3)))',
    'results += asyncio.run(main())',
    'threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(3)]',
    '[thread.start() for thread in threads]',
    '[thread.join() for thread in threads]',
    'results += [self.llm.call_llm("same"), self.llm.call_llm("same"), str(random.random()), str({"b", "a"}), str(int(time.time()) // 60)]',
    'return json.dumps(results)',
  ].join('\n'),
);

async function replayed(seed: string): Promise<{ answer: string; keys: string[] }> {
  const { outcome, calls } = await runProgram(sandbox, parallel, {
    seed,
    reply: async ({ call, hash }) => {
      await wait(Math.random() * 30);
      return { ok: true, value: `${hash.slice(0, 6)} ${call.method}` };
    },
  });
  if (outcome.status !== 'answered') throw new Error(outcome.message);
  const keys = calls.map(({ lineage, hash, occurrence }) => `${lineage} ${hash} ${occurrence}`).toSorted();
  return { answer: outcome.answer, keys };
}

describe('keys', () => {
  it('are the same in every run of a seed, whatever the latencies, and others with another seed', async () => {
    const [first, ...others] = await Promise.all(['s1', 's1', 's1', 's1'].map(replayed));
    expect(first?.keys).toHaveLength(22);
    for (const other of others) expect(other).toEqual(first);
    expect((await replayed('s2')).answer).not.toBe(first?.answer);
  });

  it('name the line of work and count repetitions in it', async () => {
    const { calls } = await runProgram(
      sandbox,
      programOf(
        "self.llm.call_llm('a')\nself.llm.call_llm('a')\nwith ThreadPoolExecutor(2) as p:\n    list(p.map(self.llm.call_llm, ['a', 'a']))\nreturn ''",
      ),
    );
    const keys = calls.map(({ lineage, occurrence }) => `${lineage}#${occurrence}`).toSorted();
    expect(keys).toEqual(['0#0', '0#1', '0.0#0', '0.1#0']);
    expect(new Set(calls.map(({ hash }) => hash)).size).toBe(1);
  });
});

describe('idle', () => {
  it('is told once all threads wait, not while one computes', async () => {
    const source = programOf(
      [
        'def compute():',
        '    end = time.monotonic() + 0.5',
        '    while time.monotonic() < end: sum(range(1000))',
        "    self.llm.call_llm('late')",
        "threads = [threading.Thread(target=self.llm.call_llm, args=('early',)), threading.Thread(target=compute)]",
        '[t.start() for t in threads]',
        '[t.join() for t in threads]',
        "return 'done'",
      ].join('\n'),
    );
    const session = await sandbox.open({ ...start, source }, never);
    const seen: string[] = [];
    const ids: number[] = [];
    for await (const event of session.events) {
      if (event.type === 'call' && event.call.call.method === 'chat') {
        seen.push(event.call.call.args.messages[0]?.content ?? '');
        ids.push(event.call.id);
      }
      if (event.type === 'idle' && event.idle) {
        seen.push('idle');
        for (const id of ids.splice(0)) session.answer(id, { ok: true, value: 'x' });
      }
      if (event.type === 'end') seen.push(event.outcome.status);
    }
    expect(seen).toEqual(['early', 'late', 'idle', 'answered']);
  });

  it('is told with the call when a program has one thread', async () => {
    const session = await sandbox.open(
      { ...start, source: programOf("return self.llm.call_llm('x')") },
      never,
    );
    const seen: string[] = [];
    for await (const event of session.events) {
      seen.push(event.type === 'idle' ? `idle ${event.idle}` : event.type);
      if (event.type === 'idle' && event.idle) session.answer(1, { ok: true, value: 'x' });
    }
    expect(seen).toEqual(['call', 'idle true', 'idle false', 'end']);
  });
});

describe('the wall clock', () => {
  it('stands still while a call is open', async () => {
    const { outcome } = await runProgram(sandbox, programOf("return self.llm.call_llm('x')"), {
      limits: { computeMs: 400 },
      reply: async () => {
        await wait(900);
        return { ok: true, value: 'late' };
      },
    });
    expect(outcome).toMatchObject({ status: 'answered', answer: 'late' });
  });
});

describe('a session', () => {
  it('ignores answers to unknown calls and ends by kill with the outcome given', async () => {
    const session = await sandbox.open(
      { ...start, source: programOf("return self.llm.call_llm('x')") },
      never,
    );
    session.answer(77, { ok: true, value: 'x' });
    for await (const event of session.events) {
      if (event.type === 'call')
        session.kill({ status: 'failed', kind: 'callLimit', message: 'enough', stdout: '' });
      if (event.type === 'end') expect(event.outcome).toMatchObject({ kind: 'callLimit', message: 'enough' });
    }
  });

  it('ends when its signal is aborted', async () => {
    const controller = new AbortController();
    const session = await sandbox.open(
      { ...start, source: programOf('while True: pass') },
      controller.signal,
    );
    controller.abort();
    const events = [];
    for await (const event of session.events) events.push(event.type);
    expect(events).toEqual(['end']);
    await expect(sandbox.open({ ...start, source: '' }, controller.signal)).rejects.toThrow();
  });

  it('gives standard output with answer and failure', async () => {
    const printed = await runProgram(
      sandbox,
      programOf("print('one')\nprint('two', file=sys.stderr)\nreturn 'x'"),
    );
    expect(printed.outcome).toMatchObject({ answer: 'x', stdout: 'one\ntwo\n' });
    const failed = await runProgram(sandbox, programOf("print('before')\n1 / 0"));
    expect(failed.outcome).toMatchObject({ kind: 'raised', stdout: 'before\n' });
  });
});

describe('check', () => {
  it('tells syntax from shape, without running the program', async () => {
    expect(await sandbox.check(programOf("return ''", 'raise SystemExit'))).toEqual({ ok: true });
    expect(await sandbox.check('def f(:')).toMatchObject({
      ok: false,
      kind: 'syntax',
      message: expect.stringMatching(/^line 1: /),
    });
    expect(await sandbox.check('x = 1')).toMatchObject({ ok: false, kind: 'shape' });
    expect(await sandbox.check(`x = ${'-'.repeat(200_000)}1`)).toMatchObject({ ok: false, kind: 'syntax' });
  });
});

describe('when the zygote dies', () => {
  it('running programs break, the next ones work', async () => {
    const session = await sandbox.open(
      { ...start, source: programOf("return self.llm.call_llm('x')") },
      never,
    );
    await expect(
      (async () => {
        for await (const event of session.events)
          if (event.type === 'call') for (const pid of zygotes()) process.kill(pid, 'SIGKILL');
      })(),
    ).rejects.toMatchObject({ type: 'Sandbox.Unavailable' });
    const next = await Promise.all(
      Array.from({ length: 6 }, () => runProgram(sandbox, programOf("return 'back'"))),
    );
    expect(next.map(({ outcome }) => outcome.status)).toEqual(Array(6).fill('answered'));
  });
});

describe('over 300 programs', () => {
  it('neither descriptors nor processes are left', async () => {
    const run = (i: number) =>
      runProgram(sandbox, programOf(i % 10 === 0 ? 'os._exit(1)' : "return self.llm.call_llm('x')"));
    const batch = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 6) await Promise.all([0, 1, 2, 3, 4, 5].map((j) => run(i + j)));
    };
    await batch(12);
    const before = { descriptors: readdirSync('/proc/self/fd').length, processes: descendants().length };
    await batch(300);
    await wait(300);
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before.descriptors + 4);
    expect(descendants().length).toBeLessThanOrEqual(before.processes + 4);
  });
});

/** Processes below this one: [pid, command]. */
function descendants(): { pid: number; command: string }[] {
  const parents = new Map<number, number>();
  const commands = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      parents.set(
        Number(name),
        Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]),
      );
      commands.set(Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8'));
    } catch {
      // it has ended
    }
  }
  const isBelow = (pid: number): boolean =>
    pid === process.pid || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  return [...parents.keys()]
    .filter((pid) => pid !== process.pid && isBelow(pid))
    .map((pid) => ({ pid, command: commands.get(pid) ?? '' }));
}

function zygotes(): number[] {
  return descendants()
    .filter(({ command }) => command.includes('zygote.py'))
    .map(({ pid }) => pid);
}
