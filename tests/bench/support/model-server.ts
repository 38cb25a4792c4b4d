/**
 * The models of `bench answer`, over HTTP. `driver` plays agents as the simulator does, each call after a latency that its
 * `seed` alone decides, so that the ideal schedule can be computed; `instant` says one word; `writer` writes one program.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnswerKey } from '../../../clients/dev/simulator/answer-key.ts';
import { createDraws, normal } from '../../../clients/dev/simulator/draws.ts';
import { simulateReply } from '../../../clients/dev/simulator/reply.ts';
import type { Query } from '../../../workflows/shared/query.ts';

export interface ModelServer extends AsyncDisposable {
  readonly baseUrl: string;
}

export interface ModelServerOptions {
  /** Known to `driver`. */
  readonly queries: readonly Query[];
  /** What `writer` replies. */
  readonly program: string;
}

interface Request {
  readonly model: string;
  readonly messages: readonly { readonly content: string }[];
  readonly seed: number;
}

const medianMs = 1_000;
const p99Ms = 30_000;
/** p99 of a log-normal distribution lies 2.3263 deviations above its median. */
const sigma = Math.log(p99Ms / medianMs) / 2.3263;
/** One call in a thousand would take longer, and hold up the benchmark. */
const maxMs = 60_000;

export function latencyMs(seed: number): number {
  return Math.min(maxMs, medianMs * Math.exp(sigma * normal(createDraws(`latency/${seed}`), 'latency')));
}

export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const key = new AnswerKey();
  for (const query of options.queries) key.add(query);

  async function reply({ model, messages, seed }: Request): Promise<string> {
    if (model === 'instant') return 'ok';
    if (model === 'writer') return `One chain.\n\n\`\`\`python\n${options.program}\`\`\`\n`;
    await sleep(latencyMs(seed));
    const prompt = messages.map(({ content }) => content).join('\n\n');
    return simulateReply({ model: 'sim-driver', prompt, seed, simulatorSeed: 0, key }) ?? '';
  }

  const server = createServer((incoming, response) => {
    void readJson(incoming).then(async (request) => {
      const content = await reply(request);
      const body = {
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readJson(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Request;
}
