/**
 * The loopback proxy before `transformers serve`: a token, one model under its alias, OpenAI's errors. Requests go on one
 * at a time, since the server seeds its one random generator when a request comes in. While no server answers behind it, requests
 * are refused with 503 and the time after which to come again.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { completionRequestSchema, type ServedModel, toUpstream } from './completion-request.ts';

/** The server behind. */
export interface Upstream {
  /** Null while none answers. */
  socketPath(): string | null;
  /** A request took too long. */
  distrust(why: string): void;
}

export interface ProxyOptions {
  readonly upstream: Upstream;
  readonly model: ServedModel;
  readonly alias: string;
  readonly token: string;
}

export interface Proxy {
  /** With the version path. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

const maxBodyBytes = 8 * 1024 * 1024;
/** Longer than any client waits; nothing but the server's end stops a generation. */
const requestLimitMs = 300_000;
const retryAfterS = 2;

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  let last: Promise<unknown> = Promise.resolve();
  const oneByOne = (work: () => Promise<Reply>): Promise<Reply> => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
  const server = createServer((incoming, outgoing) => {
    const left = (): boolean => outgoing.destroyed;
    answer(options, incoming, (work) => oneByOne(() => (left() ? Promise.resolve(unheard) : work())))
      .catch((error: unknown) =>
        refusal(503, 'server_error', error instanceof Error ? error.message : String(error)),
      )
      .then((reply) => send(outgoing, reply))
      .catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: ProxyOptions,
  incoming: IncomingMessage,
  oneByOne: (work: () => Promise<Reply>) => Promise<Reply>,
): Promise<Reply> {
  const { alias, model, upstream } = options;
  if (!isAllowed(incoming.headers.authorization, options.token))
    return refusal(401, 'invalid_api_key', 'wrong or missing key');
  const path = `${incoming.method} ${(incoming.url ?? '').split('?')[0]}`;
  if (path === 'GET /v1/models')
    return {
      status: 200,
      body: { object: 'list', data: [{ id: alias, object: 'model', owned_by: 'masgpt' }] },
    };
  if (path !== 'POST /v1/chat/completions')
    return refusal(404, 'not_found', 'only /v1/models and /v1/chat/completions are here');
  const text = await readBody(incoming);
  if (text === undefined) return refusal(413, 'too_large', `a request may hold ${maxBodyBytes} bytes`);
  const parsed = completionRequestSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refusal(
      400,
      'invalid_request_error',
      `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not valid'}`,
    );
  }
  if (parsed.data.model !== alias)
    return refusal(404, 'model_not_found', `this server has the model ${alias}`);
  const reply = await oneByOne(() => forward(upstream, toUpstream(parsed.data, model)));
  if (reply.status !== 200)
    return refusal(reply.status, 'server_error', 'the model server refused or failed; see its log');
  return { status: 200, body: { ...(reply.body as object), model: alias } };
}

/** For whoever has gone away while waiting. */
const unheard = refusal(503, 'server_error', 'nobody waits for the answer any more');

function forward(upstream: Upstream, body: unknown): Promise<Reply> {
  const socketPath = upstream.socketPath();
  if (socketPath === null) return Promise.reject(new Error('the model server is being started again'));
  const limit = setTimeout(
    () =>
      upstream.distrust(`a request took more than ${requestLimitMs / 1_000} s: the model server is replaced`),
    requestLimitMs,
  );
  return new Promise<Reply>((resolve, reject) => {
    const outgoing = httpRequest(
      {
        socketPath,
        path: '/v1/chat/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      },
      (incoming) => {
        readBody(incoming).then(
          (text) => resolve({ status: incoming.statusCode ?? 500, body: parseJson(text ?? '') }),
          reject,
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify(body));
  }).finally(() => clearTimeout(limit));
}

function isAllowed(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Undefined when it is too long. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(status: number, code: string, message: string): Reply {
  return { status, body: { error: { message, type: code, code } } };
}

function send(outgoing: ServerResponse, { status, body }: Reply): void {
  const again = status === 503 ? { 'retry-after': String(retryAfterS) } : {};
  outgoing.writeHead(status, { 'content-type': 'application/json', ...again }).end(JSON.stringify(body));
}
