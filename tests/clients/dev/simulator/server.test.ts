/** The simulator as a server: the protocol as a real client speaks it, its guarded calls, faults, counts, and its process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { generateQueries } from '../../../../activities/dataset/generate-queries.ts';
import { productScript } from '../../../../clients/dev/product-script.ts';
import type { RequestStats } from '../../../../clients/dev/simulator/request-counts.ts';
import { requestLineSchema } from '../../../../clients/dev/simulator/request-log.ts';
import type { Query } from '../../../../workflows/shared/query.ts';
import { chat, type SimulatorParts, simulatorParts, stated, token } from './simulator-parts.ts';

const queries = generateQueries({ source: 'generated-train', seed: 7, count: 12 });
const [query] = queries as [Query];
let parts: SimulatorParts;

beforeAll(async () => {
  parts = await simulatorParts();
  await parts.addKey(queries);
});
afterAll(() => parts?.[Symbol.asyncDispose]());

const statsOf = async ({ url }: SimulatorParts): Promise<RequestStats> =>
  (await (await fetch(`${url}/stats`)).json()) as RequestStats;

describe('the protocol', () => {
  it('answers the openai client alike, whole and streamed, with usage, and says that it is simulated', async () => {
    const client = new OpenAI({ baseURL: `${parts.url}/v1`, apiKey: 'any', maxRetries: 0 });
    const request = {
      model: 'sim-driver',
      seed: 4,
      messages: [{ role: 'user' as const, content: query.text }],
    };
    const whole = await client.chat.completions.create(request);
    const pieces: string[] = [];
    let streamedUsage: unknown;
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      pieces.push(chunk.choices[0]?.delta.content ?? '');
      streamedUsage ??= chunk.usage;
      expect(chunk.system_fingerprint).toBe('simulated');
    }
    expect(pieces.join('')).toBe(whole.choices[0]?.message.content);
    expect(streamedUsage).toEqual(whole.usage);
    expect(whole.usage?.total_tokens).toBeGreaterThan(20);
    expect(whole.system_fingerprint).toBe('simulated');
    const models = await client.models.list();
    expect(models.data.map(({ id, owned_by }) => `${id} ${owned_by}`)).toEqual([
      'sim-driver simulated',
      'sim-refiner simulated',
      'sim-judge simulated',
      'sim-refiner-garbage simulated',
      'sim-refiner-leaks simulated',
      'sim-refiner-solves simulated',
      'sim-refiner-sly simulated',
    ]);
  });

  it('cuts a reply at the limit of new tokens', async () => {
    const response = await parts.post('/v1/chat/completions', {
      ...(chat(query.text) as object),
      max_tokens: 2,
    });
    expect(await response.json()).toMatchObject({
      choices: [{ finish_reason: 'length' }],
      usage: { completion_tokens: 2 },
    });
  });

  it.each<[string, string, unknown, number, string]>([
    ['an unknown model', '/v1/chat/completions', chat('hi', { model: 'gpt-x' }), 404, 'model_not_found'],
    ['no JSON', '/v1/chat/completions', '{"model": ', 400, 'parse the JSON'],
    [
      'no messages',
      '/v1/chat/completions',
      { model: 'sim-driver', messages: [] },
      400,
      'invalid_request_error',
    ],
    [
      'a prompt that is too long',
      '/v1/chat/completions',
      chat('x'.repeat(600_000)),
      400,
      'context_length_exceeded',
    ],
    ['an unknown path', '/v1/embeddings', {}, 404, 'not_found'],
  ])('refuses %s', async (_name, path, body, status, text) => {
    const response = await parts.post(path, body);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(text);
  });

  it('wants its key where it has one', async () => {
    await using locked = await simulatorParts({ apiKey: 'sesame' });
    expect((await locked.post('/v1/chat/completions', chat('hi'))).status).toBe(401);
    const allowed = await locked.post('/v1/chat/completions', chat('hi'), { authorization: 'Bearer sesame' });
    expect(allowed.status).toBe(200);
  });
});

describe('guarded calls', () => {
  it('take the token only, and nothing reads the key back', async () => {
    for (const path of ['/key', '/faults']) {
      for (const authorization of ['', 'Bearer wrong', token]) {
        const refused = await parts.post(path, [query], { authorization });
        expect(refused.status).toBe(403);
      }
      expect((await fetch(`${parts.url}${path}`)).status).toBe(404);
    }
    const accepted = await parts.addKey(queries);
    expect(await accepted.json()).toEqual({ accepted: queries.length });
    await using tokenless = await simulatorParts({ token: undefined });
    expect((await tokenless.post('/key', [query], { authorization: 'Bearer undefined' })).status).toBe(403);
  });

  it('refuse what is no query, by name of the field', async () => {
    const refused = await parts.addKey([{ ...query, gold: { kind: 'number' } } as unknown as Query]);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('value');
  });
});

describe('faults', () => {
  const setFaults = (simulator: SimulatorParts, settings: unknown): Promise<Response> =>
    simulator.post('/faults', settings, { authorization: `Bearer ${token}` });

  it('come at their rates and are counted; answered requests are counted by hash', async () => {
    await using own = await simulatorParts();
    await setFaults(own, { rates: { rateLimited: 0.3, serverError: 0.2 }, retryAfterS: 7 });
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, seed) => own.post('/v1/chat/completions', chat('hi', { seed }))),
    );
    const limited = responses.filter(({ status }) => status === 429);
    const broken = responses.filter(({ status }) => status === 500);
    expect(limited.length).toBeGreaterThan(30);
    expect(broken.length).toBeGreaterThan(15);
    expect(limited[0]?.headers.get('retry-after')).toBe('7');
    await setFaults(own, {});
    for (let again = 0; again < 2; again++) await own.ask('once more', { seed: 1 });
    const stats = await statsOf(own);
    expect(stats).toMatchObject({
      received: 202,
      answered: 202 - limited.length - broken.length,
      repeated: 1,
      faults: { rateLimited: limited.length, serverError: broken.length },
    });
    expect(Object.values(stats.byHash).filter((count) => count === 2)).toHaveLength(1);
  });

  it('hang, cut a stream, or send broken JSON', async () => {
    await using own = await simulatorParts();
    await setFaults(own, { rates: { malformedJson: 1 } });
    const malformed = await own.post('/v1/chat/completions', chat('hi'));
    await expect(malformed.json()).rejects.toThrow(SyntaxError);
    await setFaults(own, { rates: { cutStream: 1 } });
    for (const stream of [true, false]) {
      const cut = await own.post('/v1/chat/completions', chat('hi', { stream }));
      await expect(cut.text()).rejects.toThrow();
    }
    await setFaults(own, { rates: { hang: 1 } });
    const hanging = fetch(`${own.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(chat('hi')),
      signal: AbortSignal.timeout(300),
    });
    await expect(hanging).rejects.toThrow(/timeout|aborted/);
    await setFaults(own, { latency: { kind: 'logNormal', medianMs: 1, sigma: 0.5 } });
    expect((await own.post('/v1/chat/completions', chat('hi'))).status).toBe(200);
  });
});

describe('as a process', () => {
  it('keeps its key and a log of requests over restarts, also by kill -9, and ends with its stdin', async () => {
    const home = await mkdtemp(join(tmpdir(), 'masgpt-simulator-'));
    const keyFile = join(home, 'key.jsonl');
    const requestLog = join(home, 'requests.jsonl');
    const start = async () => {
      const env = {
        PATH: process.env['PATH'],
        MASGPT_SIMULATOR_TOKEN: token,
        MASGPT_SIMULATOR_KEY_FILE: keyFile,
        MASGPT_SIMULATOR_REQUEST_LOG: requestLog,
      };
      const child = spawn(process.execPath, productScript('clients/dev/simulator/main.ts'), {
        stdio: ['pipe', 'pipe', 'inherit'],
        env,
      });
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      return { child, ready: JSON.parse(line) as { url: string; revision: string } };
    };
    const first = await start();
    await fetch(`${first.ready.url}/key`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(queries),
    });
    const ask = (url: string, headers = {}): Promise<Response> =>
      fetch(`${url}/v1/chat/completions`, {
        ...{ method: 'POST', headers },
        body: JSON.stringify(chat(query.text)),
      });
    await (await ask(first.ready.url, { 'idempotency-key': 'call-1' })).text();
    // Said after the last byte was handed over, so a reader may be ahead of it.
    await vi.waitFor(async () => expect(await readFile(requestLog, 'utf8')).toContain('"answered"'));
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    for (const file of [keyFile, requestLog]) expect((await stat(file)).mode & 0o777).toBe(0o600);

    const second = await start();
    expect(second.ready.revision).toBe(first.ready.revision);
    const response = await ask(second.ready.url);
    const body = (await response.json()) as { choices: { message: { content: string } }[] };
    expect(stated(body.choices[0]?.message.content ?? '')).not.toBe('unknown');
    second.child.stdin.end();
    expect(await once(second.child, 'exit')).toEqual([0, null]);
    const lines = (await readFile(requestLog, 'utf8')).trim().split('\n');
    const logged = lines.map((line) => requestLineSchema.parse(JSON.parse(line)));
    expect(logged.map(({ event, call }) => [event, call])).toEqual([
      ['received', 'call-1'],
      ['answered', 'call-1'],
      ['received', null],
      ['answered', null],
    ]);
    expect(new Set(logged.map(({ hash }) => hash)).size).toBe(1);
    await rm(home, { recursive: true });
  });
});
