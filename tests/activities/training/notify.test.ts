/** Notices over real HTTP: at least once with one id, nothing to private addresses unless allowed, and no secret in any message. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeliverNotice, isPrivate, type NoticeTarget } from '../../../activities/training/notify.ts';
import type { OperatorNotice } from '../../../workflows/training/contract.ts';
import { evilCorpus } from '../../support/evil-corpus.ts';

const notice: OperatorNotice = {
  ...{ v: 1, id: 'run:1', event: 'parked', run: 'training/x', workflowId: 'training/x' },
  ...{ state: 'needsOperator', cause: 'nan', step: 3, maxSteps: 9, text: 'waits' },
};

let server: Server;
let received: { request: IncomingMessage; body: string }[];
let answer: { status: number; headers?: Record<string, string> };

beforeEach(async () => {
  received = [];
  answer = { status: 200 };
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({ request, body });
      response.writeHead(answer.status, answer.headers).end('ok');
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
});

afterEach(() => void server.close());

const port = (): number => (server.address() as AddressInfo).port;
const deliver = (target: Partial<NoticeTarget> = {}, sent = notice) =>
  createDeliverNotice({
    ops: {
      readUrl: () => `http://127.0.0.1:${port()}/secret-path`,
      ...{ urlEnv: 'OPS_URL', allowPrivate: true },
      ...target,
    },
  })('ops', sent);

describe('a notice', () => {
  it('is one POST of JSON with its id', async () => {
    await deliver();
    expect(received).toHaveLength(1);
    const [{ request, body } = { request: null, body: '' }] = received;
    expect(request).toMatchObject({ method: 'POST', url: '/secret-path' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'run:1',
    });
    expect(JSON.parse(body)).toEqual(notice);
  });

  it('goes only where its event is wanted', async () => {
    await deliver({ events: ['succeeded'] });
    expect(received).toEqual([]);
    await deliver({ events: ['parked'] });
    expect(received).toHaveLength(1);
  });

  it.each(Object.entries(evilCorpus))('mentions and links nothing: %s', async (_name, text) => {
    await deliver({}, { ...notice, text });
    const shown = (JSON.parse(received[0]?.body ?? '') as OperatorNotice).text;
    expect(shown).not.toMatch(/[<>&@]|\]\(/);
    expect(received[0]?.body.length).toBeLessThan(8_192);
  });

  it.each([
    [503, 'Notice.Undelivered', false],
    [429, 'Notice.Undelivered', false],
    [404, 'Input.Invalid', true],
    [302, 'Input.Invalid', true],
  ] as const)('answered with %i is %s', async (status, type, nonRetryable) => {
    answer = { status, headers: { location: 'http://127.0.0.1:1/', 'retry-after': '7' } };
    const failed = deliver();
    await expect(failed).rejects.toMatchObject({ type, nonRetryable });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('secret-path') });
    expect(received).toHaveLength(1);
  });

  it('waits as long as the target asks', async () => {
    answer = { status: 429, headers: { 'retry-after': '7' } };
    await expect(deliver()).rejects.toMatchObject({ nextRetryDelay: 7_000 });
  });

  it('is retried when nobody listens', async () => {
    await new Promise((closed) => server.close(closed));
    await expect(deliver({ readUrl: () => 'http://127.0.0.1:9/secret-path' })).rejects.toMatchObject({
      ...{ type: 'Notice.Undelivered', message: expect.stringContaining('ECONNREFUSED') },
    });
  });

  it.each([
    ['a literal address', () => `https://127.0.0.1:${port()}/`],
    ['a name', () => `https://localhost:${port()}/`],
    ['version 6', () => `https://[::1]:${port()}/`],
    ['a number', () => `https://2130706433:${port()}/`],
    ['plain http', () => `http://example.org/`],
    ['another protocol', () => 'file:///etc/passwd'],
    ['nonsense', () => 'not an address'],
    ['nothing', () => undefined],
  ])('is refused at %s unless the config allows it', async (_name, readUrl) => {
    const failed = deliver({ readUrl, allowPrivate: false });
    await expect(failed).rejects.toMatchObject({ type: 'Input.Invalid', nonRetryable: true });
    expect(received).toEqual([]);
  });

  it('is refused to a target that the config does not name', async () => {
    const send = createDeliverNotice({});
    for (const name of ['ops', '__proto__', 'constructor'])
      await expect(send(name, notice)).rejects.toMatchObject({ type: 'Input.Invalid' });
  });
});

it.each([
  ...['10.1.2.3', '127.0.0.1', '169.254.169.254', '172.31.0.1', '192.168.0.9', '100.64.0.1', '0.0.0.0'],
  ...['224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1', '::ffff:a00:1'],
  ...['64:ff9b::a00:1', '2002:a00:1::', 'ff02::1'],
])('%s is private', (address) => expect(isPrivate(address)).toBe(true));

it.each(['8.8.8.8', '172.32.0.1', '2a00:1450:4001:82a::200e'])('%s is not', (address) =>
  expect(isPrivate(address)).toBe(false),
);
