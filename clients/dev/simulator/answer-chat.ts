/** One chat request: checks it, waits its latency, meets its fault, or answers whole or streamed. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswerKey } from './answer-key.ts';
import {
  type ChatRequest,
  chatRequestSchema,
  complete,
  completionBody,
  completionEvents,
  contextTokens,
  countTokens,
  errorBody,
} from './chat-protocol.ts';
import { createDraws } from './draws.ts';
import { drawFault, drawLatencyMs } from './faults.ts';
import { simulateReply } from './reply.ts';
import type { RequestCounts, RequestName } from './request-counts.ts';
import type { FaultKind, FaultSettings, SimulatorSettings } from './settings.ts';

export interface ChatState {
  readonly settings: SimulatorSettings;
  readonly key: AnswerKey;
  readonly counts: RequestCounts;
  faults: FaultSettings;
}

export async function answerChat(
  body: Buffer,
  name: RequestName,
  response: ServerResponse,
  state: ChatState,
): Promise<void> {
  const { hash } = name;
  const request = parseRequest(body);
  if (typeof request === 'string') return refuse(response, 400, request, 'invalid_request_error', null);
  const prompt = request.messages.map((message) => message.content).join('\n\n');
  if (countTokens(prompt) > contextTokens) {
    const message = `This model's maximum context length is ${contextTokens} tokens; the messages have ${countTokens(prompt)}.`;
    return refuse(response, 400, message, 'invalid_request_error', 'context_length_exceeded');
  }
  const draws = createDraws(`${state.settings.seed}/${hash}/${state.counts.receive(name)}`);
  const latencyMs = drawLatencyMs(state.faults, draws);
  const fault = drawFault(state.faults, draws);
  if (latencyMs > 0) await sleep(latencyMs);
  const reply = simulateReply({
    model: request.model,
    prompt,
    seed: request.seed ?? 0,
    simulatorSeed: state.settings.seed,
    key: state.key,
  });
  if (reply === undefined) {
    return refuse(
      response,
      404,
      `The model \`${request.model}\` does not exist`,
      'invalid_request_error',
      'model_not_found',
    );
  }
  const completion = complete(request, hash, prompt, reply);
  const parts = request.stream
    ? completionEvents(completion, request.stream_options?.include_usage === true)
    : [JSON.stringify(completionBody(completion))];
  if (fault) {
    state.counts.fault(fault);
    return meetFault(fault, parts, request, response, state.faults);
  }
  response.writeHead(200, contentType(request));
  for (const part of parts) response.write(part);
  response.end();
  state.counts.answer(name);
}

function meetFault(
  fault: FaultKind,
  parts: readonly string[],
  request: ChatRequest,
  response: ServerResponse,
  settings: FaultSettings,
): void {
  switch (fault) {
    case 'rateLimited':
      response.setHeader('retry-after', String(settings.retryAfterS));
      return refuse(response, 429, 'Rate limit reached (simulated fault)', 'requests', 'rate_limit_exceeded');
    case 'serverError':
      return refuse(response, 500, 'The server had an error (simulated fault)', 'server_error', null);
    case 'hang':
      return;
    case 'malformedJson':
      response
        .writeHead(200, contentType(request))
        .end(request.stream ? 'data: {"id": \n\n' : '{"id": "chatcmpl-simulated", "choices": [');
      return;
    case 'cutStream': {
      const whole = parts.join('');
      response.writeHead(200, {
        ...contentType(request),
        ...(request.stream ? {} : { 'content-length': whole.length }),
      });
      response.write(whole.slice(0, whole.length / 2), () => response.destroy());
    }
  }
}

function contentType(request: ChatRequest): Record<string, string> {
  return { 'content-type': request.stream ? 'text/event-stream' : 'application/json' };
}

function parseRequest(body: Buffer): ChatRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return 'We could not parse the JSON body of your request.';
  }
  const parsed = chatRequestSchema.safeParse(value);
  return parsed.success ? parsed.data : (parsed.error.issues[0]?.message ?? 'invalid request');
}

function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  type: string,
  code: string | null,
): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify(errorBody(message, type, code)));
}
