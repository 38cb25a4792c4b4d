/** Proves a level before it is used: a program really tries to break out, on the real sandbox, against real targets. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { limitsSchema, type ProgramOutcome } from '../../../workflows/shared/program.ts';
import { openSession } from '../session.ts';
import type { Zygote } from '../zygote.ts';

const selfTestMs = 30_000;
const canaryText = 'only the host may read this\n';

/** Null when the level held; else what broke, in words. */
export async function selfTest(zygote: Zygote, stateDirectory: string): Promise<string | null> {
  const directory = await mkdtemp(join(stateDirectory, 'self-test-'));
  const canary = join(directory, 'canary');
  // Open to everybody, so that nothing but the sandbox stands in the way.
  await chmod(directory, 0o777);
  await writeFile(canary, canaryText);
  await chmod(canary, 0o666);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const outcome = await Promise.race([attack(zygote, { canary, port, pid: process.pid }), tooLong()]);
    if (outcome.status === 'failed') return `the test program failed: ${outcome.kind}: ${outcome.message}`;
    const broken = z.array(z.string()).parse(JSON.parse(outcome.answer));
    if ((await readFile(canary, 'utf8')) !== canaryText) broken.push('change a file of the host');
    return broken.length === 0 ? null : `a program could ${broken.join(', ')}`;
  } finally {
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A broken sandbox may be unable to end its programs. */
async function tooLong(): Promise<ProgramOutcome> {
  await setTimeout(selfTestMs, undefined, { ref: false });
  const message = `it did not end within ${selfTestMs / 1_000} s`;
  return { status: 'failed', kind: 'totalLimit', message, stdout: '' };
}

async function attack(zygote: Zygote, targets: object): Promise<ProgramOutcome> {
  const source = await readFile(new URL('break_out.py', import.meta.url), 'utf8');
  const start = {
    source,
    query: JSON.stringify(targets),
    seed: '0',
    startedAtMs: Date.now(),
    models: ['self-test'],
    limits: limitsSchema.parse({ totalMs: 20_000 }),
  };
  const session = openSession(await zygote.connect(), start, { onStarted: () => {}, onEnded: () => {} });
  for await (const event of session.events) {
    if (event.type === 'end') return event.outcome;
    if (event.type === 'call' && event.call.call.method === 'chat') {
      session.answer(event.call.id, { ok: true, value: event.call.call.args.messages[0]?.content });
    }
  }
  return { status: 'failed', kind: 'exited', message: 'no result', stdout: '' };
}
