/**
 * The simulated model server: HTTP, OpenAI chat protocol. POST /v1/chat/completions, GET /v1/models, /health, /stats;
 * with the token POST /key (queries with gold, as a JSON array or JSON lines) and POST /faults. Nothing reads the key back.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { querySchema } from '../../../workflows/shared/query.ts';
import { AnswerKey } from './answer-key.ts';
import { answerChat, type ChatState } from './answer-chat.ts';
import { errorBody } from './chat-protocol.ts';
import { appendKeyFile, readKeyFile } from './key-file.ts';
import { simulatedModelNames, simulatedRevision } from './reply.ts';
import { RequestCounts } from './request-counts.ts';
import { openRequestLog } from './request-log.ts';
import { faultSettingsSchema, type SimulatorSettings } from './settings.ts';

export interface Simulator extends AsyncDisposable {
  /** Without the version path: http://127.0.0.1:PORT */
  readonly url: string;
  readonly revision: string;
}

const maxChatBytes = 8 * 1024 * 1024;
const maxKeyBytes = 64 * 1024 * 1024;

export async function startSimulator(settings: SimulatorSettings): Promise<Simulator> {
  const key = new AnswerKey();
  if (settings.keyFile) for (const query of await readKeyFile(settings.keyFile)) key.add(query);
  const log = openRequestLog(settings.requestLog);
  const state: ChatState = { settings, key, counts: new RequestCounts(log), faults: settings.faults };
  const server = createServer((request, response) => {
    response.setHeader('x-simulated', 'true');
    route(request, response, state).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else if (error instanceof BadRequest)
        send(response, error.status, errorBody(error.message, 'invalid_request_error', null));
      else send(response, 500, errorBody(String(error), 'server_error', null));
    });
  });
  server.keepAliveTimeout = 60_000;
  await listen(server, settings);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${settings.host}:${port}`,
    revision: simulatedRevision(settings.seed),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          log.close();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function route(request: IncomingMessage, response: ServerResponse, state: ChatState): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  switch (`${request.method} ${path}`) {
    case 'GET /health':
      return send(response, 200, { status: 'ok', simulated: true });
    case 'GET /stats':
      return send(response, 200, state.counts.stats());
    case 'GET /v1/models':
      if (!chatAllowed(request, response, state)) return;
      return send(response, 200, { object: 'list', data: simulatedModelNames.map(modelObject) });
    case 'POST /v1/chat/completions': {
      const body = await readBody(request, maxChatBytes);
      if (!chatAllowed(request, response, state)) return;
      const call = request.headers['idempotency-key'];
      const name = { hash: hashOf(body), call: typeof call === 'string' ? call : null };
      return answerChat(body, name, response, state);
    }
    case 'POST /key':
      return fillKey(request, response, state);
    case 'POST /faults': {
      const body = await readBody(request, maxChatBytes);
      if (!operatorAllowed(request, response, state)) return;
      state.faults = parse(faultSettingsSchema, body);
      return send(response, 200, state.faults);
    }
    default:
      return send(
        response,
        404,
        errorBody(`no ${request.method} ${path} here`, 'invalid_request_error', 'not_found'),
      );
  }
}

async function fillKey(request: IncomingMessage, response: ServerResponse, state: ChatState): Promise<void> {
  const body = await readBody(request, maxKeyBytes);
  if (!operatorAllowed(request, response, state)) return;
  const text = body.toString('utf8').trim();
  const queries = text.startsWith('[')
    ? parse(z.array(querySchema), text)
    : text
        .split('\n')
        .filter(Boolean)
        .map((line) => parse(querySchema, line));
  const added = queries.filter((query) => state.key.add(query));
  if (state.settings.keyFile) await appendKeyFile(state.settings.keyFile, added);
  send(response, 200, { accepted: queries.length });
}

function chatAllowed(request: IncomingMessage, response: ServerResponse, { settings }: ChatState): boolean {
  if (settings.apiKey === undefined || bearerIs(request, settings.apiKey)) return true;
  send(response, 401, errorBody('Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'));
  return false;
}

function operatorAllowed(
  request: IncomingMessage,
  response: ServerResponse,
  { settings }: ChatState,
): boolean {
  if (settings.token !== undefined && bearerIs(request, settings.token)) return true;
  send(response, 403, errorBody('this call needs the simulator token', 'invalid_request_error', 'forbidden'));
  return false;
}

function bearerIs(request: IncomingMessage, secret: string): boolean {
  const given = hashOf(Buffer.from(request.headers.authorization ?? ''));
  return timingSafeEqual(Buffer.from(given), Buffer.from(hashOf(Buffer.from(`Bearer ${secret}`))));
}

function modelObject(id: string): unknown {
  return { id, object: 'model', created: 0, owned_by: 'simulated', simulated: true };
}

class BadRequest extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function parse<T>(schema: z.ZodType<T>, body: Buffer | string): T {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new BadRequest(400, 'the body is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new BadRequest(400, z.prettifyError(parsed.error));
  return parsed.data;
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BadRequest(413, `the body is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function listen(server: Server, { host, port }: SimulatorSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}
