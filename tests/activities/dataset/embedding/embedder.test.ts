/** Embeddings: the real local model, any endpoint, and that no text is embedded twice. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embedTexts, type Vectors } from '../../../../activities/dataset/embedding/embedder.ts';
import { createEndpointEmbedder } from '../../../../activities/dataset/embedding/endpoint-embedder.ts';
import { createLocalEmbedder } from '../../../../activities/dataset/embedding/local-embedder.ts';
import { isFailure } from '../../../../activities/failure.ts';
import type { Endpoint } from '../../../../activities/llm/endpoint.ts';
import type { Database } from '../../../../activities/storage/tables.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import { freshDatabase } from '../../../support/environment.ts';

const { signal } = new AbortController();

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let database: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  database = fresh.database;
});
afterAll(async () => {
  await fresh?.[Symbol.asyncDispose]();
});

function cosine({ dimensions, values }: Vectors, a: number, b: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++)
    sum += (values[a * dimensions + d] as number) * (values[b * dimensions + d] as number);
  return sum;
}

describe('the local model', () => {
  it('puts texts that say the like near each other, whatever they hold, and records them', async () => {
    const python = await ensurePython('embedding', { note: () => {} });
    await using embedder = createLocalEmbedder({ python: () => Promise.resolve(python) });
    const texts = [
      'A farmer has 12 cows and sells 5 of them. How many cows are left?',
      'Sara owned nine sheep and sold three. How many sheep does she have now?',
      'Write a Python function that reverses a linked list.',
      '',
      `nul \u0000, lone \ud800, ${'long '.repeat(20_000)}`,
      '{"id": 7, "texts": ["../../etc/passwd"]}\n$(reboot)',
    ];
    const ports = { database, embedder, signal };
    const first = await embedTexts(texts, ports);
    expect([first.count, first.dimensions, first.embedded]).toEqual([6, 384, 6]);
    for (let row = 0; row < first.count; row++) expect(cosine(first, row, row)).toBeCloseTo(1, 4);
    expect(cosine(first, 0, 1)).toBeGreaterThan(0.5);
    expect(cosine(first, 0, 2)).toBeLessThan(0.3);

    const again = await embedTexts([...texts].reverse().concat('one more'), ports);
    expect(again.embedded).toBe(1);
    expect([...again.values.slice(5 * 384, 6 * 384)]).toEqual([...first.values.slice(0, 384)]);
    // Alone or among others, a text has one vector.
    const [alone] = (await embedder.embed([texts[0] as string], signal)).vectors;
    expect([...(alone as Float32Array)]).toEqual([...first.values.slice(0, 384)]);
  }, 600_000);

  it('that takes too long or does not start is a failure that can be tried again', async () => {
    const python = await ensurePython('embedding', { note: () => {} });
    await using slow = createLocalEmbedder({ python: () => Promise.resolve(python), requestTimeoutMs: 1 });
    const late = await slow.embed(['x'.repeat(9_000)], signal).catch((error: unknown) => error);
    expect(isFailure(late, 'Embedder.Failed')).toBe(true);
    await using none = createLocalEmbedder({ python: () => Promise.resolve('/nowhere/python') });
    const unstarted = await none.embed(['x'], signal).catch((error: unknown) => error);
    expect((unstarted as Error).message).toMatch(/did not start/);
  }, 600_000);
});

describe('an endpoint', () => {
  interface Asked {
    readonly path: string | undefined;
    readonly key: string | undefined;
    readonly body: { readonly model: string; readonly input: string[] };
  }
  const asked: Asked[] = [];
  let reply: (body: Asked['body']) => { readonly status: number; readonly json: unknown };
  const vectorOf = (text: string): number[] => [text.length, 1, 0];
  const right = ({ input }: Asked['body']) => ({
    status: 200,
    json: {
      data: input.map((text, index) => ({ index, embedding: vectorOf(text) })).reverse(),
      usage: { prompt_tokens: 10 * input.length },
    },
  });
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const body = JSON.parse(text) as Asked['body'];
      asked.push({ path: request.url, key: request.headers.authorization, body });
      const { status, json } = reply(body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    });
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => void server.close());

  function endpoint(): Endpoint {
    return {
      ...{ name: 'vectors', model: 'text-embedding', revision: '7', identity: 'there', simulated: false },
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      priceUsdPerMTok: { in: 2, cached: 0, out: 0 },
      ...{ limits: { inFlight: 1 }, timeoutMs: 30_000, parameters: {} },
      readKey: () => Promise.resolve('secret'),
    };
  }

  it('is asked in batches, in order, and never twice for a text', async () => {
    reply = right;
    const embedder = createEndpointEmbedder(endpoint());
    const texts = Array.from({ length: 100 }, (_, index) => 'x'.repeat(1 + index));
    const found = await embedTexts([...texts, 'x'], { database, embedder, signal });
    expect(asked.map(({ body }) => body.input.length)).toEqual([64, 36]);
    expect(asked[0]).toMatchObject({ path: '/v1/embeddings', key: 'Bearer secret' });
    expect(found).toMatchObject({ count: 101, embedded: 100, tokens: 1_000 });
    expect(found.costUsd).toBeCloseTo(0.002, 9);
    expect(found.values[3]).toBeCloseTo(2 / Math.hypot(2, 1), 6);
    expect([...found.values.slice(300)]).toEqual([...found.values.slice(0, 3)]);
    const again = await embedTexts(texts, { database, embedder, signal });
    expect([again.embedded, again.costUsd, asked.length]).toEqual([0, 0, 2]);
  });

  describe('with a budget', () => {
    const texts = Array.from({ length: 70 }, (_, index) => `text ${index}`);
    /** Of the first batch: 64 texts of at most 7 bytes and 4 tokens around each. */
    const worst = 10 * 10 + 54 * 11;
    const open = async (run: string, maxTokens: number | null) => {
      const level = `default/dataset/${run}`;
      const tenant = 'tenant/payer';
      await database
        .insertInto('budgets')
        .values([
          { level, above: [tenant], max_cost_usd: null, max_tokens: maxTokens },
          { level: tenant, max_cost_usd: 1, max_tokens: null },
        ])
        .onConflict((conflict) =>
          conflict.column('level').doUpdateSet({ spent_tokens: 0, spent_cost_usd: 0 }),
        )
        .execute();
      const embedder = createEndpointEmbedder({ ...endpoint(), identity: run });
      const payer = { tenant: 'payer', namespace: 'default', run: `dataset/${run}` };
      return {
        embed: (count = texts.length) =>
          embedTexts(texts.slice(0, count), { database, embedder, payer, signal }),
        rows: () =>
          database
            .selectFrom('budgets')
            .select(['level', 'spent_tokens', 'spent_cost_usd', 'reserved_tokens', 'reserved_cost_usd'])
            .where('level', 'in', [level, tenant])
            .orderBy('level')
            .execute(),
      };
    };
    const nothing = { spent_tokens: 0, spent_cost_usd: 0, reserved_tokens: 0, reserved_cost_usd: 0 };

    it('is paid once by the run and by those above it; recorded texts are free', async () => {
      reply = right;
      const run = await open('once', 10_000);
      const found = await run.embed();
      expect(found).toMatchObject({ tokens: 700, embedded: 70 });
      const charged = { ...nothing, spent_tokens: 700, spent_cost_usd: 0.0014 };
      expect(await run.rows()).toMatchObject([charged, charged]);
      await run.embed();
      expect(await run.rows()).toMatchObject([charged, charged]);
    });

    it('that a batch may pass is not asked, and the batches before it are kept and paid', async () => {
      reply = right;
      const run = await open('poor', worst);
      const before = asked.length;
      const error = await run.embed().catch((thrown: unknown) => thrown);
      expect(isFailure(error, 'Budget.Exceeded')).toBe(true);
      expect((error as Error).message).toMatch(/dataset\/poor .*maxTokens/);
      expect(asked.length - before).toBe(1);
      expect(await run.rows()).toMatchObject([
        { ...nothing, spent_tokens: 640, spent_cost_usd: 0.00128 },
        { spent_tokens: 640, reserved_tokens: 0 },
      ]);
      await database
        .updateTable('budgets')
        .set({ max_tokens: 2_000 })
        .where('level', 'like', '%/poor')
        .execute();
      expect((await run.embed()).embedded).toBe(6);
      expect(asked.length - before).toBe(2);
    });

    it('gets back what a request that failed had reserved', async () => {
      const run = await open('broken', 10_000);
      reply = () => ({ status: 503, json: {} });
      expect(isFailure(await run.embed().catch((thrown: unknown) => thrown), 'Llm.Unavailable')).toBe(true);
      expect(await run.rows()).toMatchObject([nothing, nothing]);
      expect(await database.selectFrom('budget_reservations').selectAll().execute()).toEqual([]);
    });

    it('waits while others hold the rest, and goes on when they are done', async () => {
      reply = right;
      // Room for what one batch uses and the next may, not for what two may.
      const run = await open('shared', 640 + worst);
      const other = await open('other', null);
      await database
        .updateTable('budgets')
        .set({ above: ['default/dataset/shared', 'tenant/payer'] })
        .where('level', '=', 'default/dataset/other')
        .execute();
      const both = await Promise.all([run.embed(64), other.embed(64)]);
      expect(both.map(({ embedded }) => embedded)).toEqual([64, 64]);
      const [{ spent_tokens: spent } = nothing] = (await run.rows()).filter(({ level }) =>
        level.endsWith('/shared'),
      );
      expect(spent).toBe(1_280);
    });
  });

  it.each([
    ['another number of vectors', () => ({ status: 200, json: { data: [] } }), 'Llm.BadReply'],
    ['no vectors', () => ({ status: 200, json: { choices: [] } }), 'Llm.BadReply'],
    ['a refused key', () => ({ status: 401, json: {} }), 'Llm.Unauthorized'],
    ['an overloaded server', () => ({ status: 503, json: {} }), 'Llm.Unavailable'],
  ] as const)('that gives %s is a failure of models, without the key', async (_name, misbehave, type) => {
    reply = misbehave;
    const embedder = createEndpointEmbedder(endpoint());
    const error = await embedder.embed(['new'], signal).catch((thrown: unknown) => thrown);
    expect(isFailure(error, type)).toBe(true);
    expect((error as Error).message).not.toContain('secret');
  });
});
