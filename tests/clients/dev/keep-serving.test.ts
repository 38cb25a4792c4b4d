/** When a served model's process is replaced, and when it is given up: with real processes that answer, hang or die. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type KeptServer, keepServing } from '../../../clients/dev/serve/keep-serving.ts';
import { answersHealth, type ModelServer } from '../../../clients/dev/serve/model-server.ts';
import { startProxy } from '../../../clients/dev/serve/proxy.ts';
import { startSupervised } from '../../../clients/dev/supervised-process.ts';
import { until } from '../../support/training-parts.ts';

let directory: string;
let kept: KeptServer | undefined;
let notes: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'masgpt-keep-'));
  notes = [];
  kept = undefined;
});
afterEach(async () => {
  await kept?.stop();
  await rm(directory, { recursive: true, force: true });
});

const answering = `require('node:http').createServer((q, r) => r.end('{"nth":' + NTH + '}')).listen(SOCKET)`;

/** A process of Node that answers on its socket. */
async function start(nth: number): Promise<ModelServer> {
  const socketPath = join(directory, `${nth}.sock`);
  const script = answering.replace('SOCKET', JSON.stringify(socketPath)).replace('NTH', String(nth));
  const logFile = join(directory, 'log');
  const process_ = await startSupervised({ command: process.execPath, args: ['-e', script], logFile });
  await until(async () => (await answersHealth(socketPath, 5_000)) || !process_.isRunning());
  return { process: process_, socketPath };
}

const firstDelayMs = 100;
const checks = { everyMs: 50, timeoutMs: 2_000, misses: 3 };
const note = (text: string): void => void notes.push(text);

it('gives up after five starts in a row without an answer, and says so', async () => {
  let starts = 0;
  kept = await keepServing({
    async start(nth) {
      starts += 1;
      if (nth > 0) throw new Error('it does not start');
      return start(nth);
    },
    ...{ checks, note, firstDelayMs },
  });
  process.kill(kept.pid() as number, 'SIGKILL');
  expect(await kept.gaveUp).toBe('the model server did not answer after 5 starts in a row: it is given up');
  expect(starts).toBe(6);
  expect(kept.socketPath()).toBeNull();
  const waited = notes
    .filter((text) => text.includes('starts again'))
    .map((text) => Number.parseFloat(text.replace(/\D*/, '')));
  expect(waited).toEqual([0.1, 0.2, 0.4, 0.8, 1.6]);
}, 240_000);

it('a start that answers begins the count anew', async () => {
  const fails = new Set([1, 2, 4]);
  kept = await keepServing({
    start: (nth) => (fails.has(nth) ? Promise.reject(new Error('no')) : start(nth)),
    ...{ checks, note, firstDelayMs },
  });
  process.kill(kept.pid() as number, 'SIGKILL');
  await until(async () => kept?.restarts() === 3 && kept.pid() !== undefined);
  process.kill(kept.pid() as number, 'SIGKILL');
  await until(async () => kept?.restarts() === 5 && kept.pid() !== undefined);
  expect(await answersHealth(kept.socketPath() as string, 5_000)).toBe(true);
}, 240_000);

it("the first start that fails is its caller's", async () => {
  const refused = keepServing({
    start: () => Promise.reject(new Error('no model')),
    checks,
    note,
    firstDelayMs,
  });
  await expect(refused).rejects.toThrow('no model');
}, 240_000);

it('meanwhile requests are refused with the time to come again; one that is distrusted is replaced', async () => {
  kept = await keepServing({ start, checks, note, firstDelayMs });
  const model = { directory, generation: {}, maxPositions: 100 };
  await using proxied = await startDisposableProxy(kept, model);
  const ask = () =>
    fetch(`${proxied.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer t' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] }),
    });
  expect(await (await ask()).json()).toEqual({ nth: 0, model: 'm' });
  const pid = kept.pid() as number;
  kept.distrust('too slow');
  await until(async () => kept?.pid() === undefined);
  const refused = await ask();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('2');
  await until(async () => kept?.pid() !== undefined);
  expect(kept.pid()).not.toBe(pid);
  expect(await (await ask()).json()).toEqual({ nth: 1, model: 'm' });
  expect(notes).toContain('too slow');
}, 240_000);

async function startDisposableProxy(upstream: KeptServer, model: Parameters<typeof startProxy>[0]['model']) {
  const proxy = await startProxy({ upstream, model, alias: 'm', token: 't' });
  return { baseUrl: proxy.baseUrl, [Symbol.asyncDispose]: () => proxy.close() };
}
