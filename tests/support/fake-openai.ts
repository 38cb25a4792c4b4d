/**
 * A small HTTP server that speaks the OpenAI chat protocol: it echoes, counts requests, and misbehaves on demand. The one
 * fake of the LLM tests; all behind it is real.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly body: { readonly model: string; readonly messages: { content: string }[]; readonly seed: number };
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Of the address. */
  readonly path: string;
  readonly atMs: number;
}

/** What the server does with a request; `answer` echoes the last message. */
export type Behaviour =
  | {
      readonly type: 'answer';
      readonly delayMs?: number;
      /** No answer before this. */
      readonly after?: Promise<unknown> | undefined;
      readonly text?: string;
      readonly usage?: boolean;
      readonly body?: object;
    }
  | {
      readonly type: 'status';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  | { readonly type: 'hang' }
  | { readonly type: 'cut' }
  | { readonly type: 'raw'; readonly bytes: Buffer };

type Behave = (request: ReceivedRequest, index: number) => Behaviour | Promise<Behaviour>;

export interface FakeOpenAi extends AsyncDisposable {
  readonly baseUrl: string;
  readonly requests: ReceivedRequest[];
  /** Requests that are open now. */
  readonly open: () => number;
  /** Most requests that were open at one time. */
  readonly peak: () => number;
  /** For every request from now on; given the request and its number, from 0. */
  behave(behaviour: Behaviour | Behave): void;
}

export async function startFakeOpenAi(): Promise<FakeOpenAi> {
  const requests: ReceivedRequest[] = [];
  let behave: Behave = () => ({ type: 'answer' });
  let open = 0;
  let peak = 0;
  const server = createServer((incoming, response) => {
    open += 1;
    peak = Math.max(peak, open);
    response.on('close', () => (open -= 1));
    void receive(incoming).then(async (request) => {
      requests.push(request);
      await act(await behave(request, requests.length - 1), request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    open: () => open,
    peak: () => peak,
    behave: (next) => (behave = typeof next === 'function' ? next : () => next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function receive(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as ReceivedRequest['body'];
  const { authorization, 'idempotency-key': key } = incoming.headers;
  const idempotencyKey = typeof key === 'string' ? key : undefined;
  return { body, authorization, idempotencyKey, path: incoming.url ?? '', atMs: Date.now() };
}

async function act(behaviour: Behaviour, request: ReceivedRequest, response: ServerResponse): Promise<void> {
  switch (behaviour.type) {
    case 'hang':
      return;
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"choices": [');
      setTimeout(() => response.destroy(), 20);
      return;
    case 'raw':
      response.writeHead(200, { 'content-type': 'application/json' }).end(behaviour.bytes);
      return;
    case 'status':
      response
        .writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers })
        .end(JSON.stringify(behaviour.body ?? { error: { message: `status ${behaviour.status}` } }));
      return;
    case 'answer':
      if (behaviour.delayMs) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
      await behaviour.after;
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ ...completion(request, behaviour), ...behaviour.body }));
  }
}

function completion(request: ReceivedRequest, behaviour: Extract<Behaviour, { type: 'answer' }>): object {
  const prompt = request.body.messages.at(-1)?.content ?? '';
  const text = behaviour.text ?? `echo ${request.body.seed} ${prompt}`;
  return {
    id: 'fake',
    object: 'chat.completion',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
    ...(behaviour.usage === false
      ? {}
      : { usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }),
  };
}
