/** Every way in which an endpoint misbehaves has its failure type; neither keys nor prompts get into a message. */
import { expect, test } from 'vitest';
import { createOpenAiChat, type SendOutcome } from '../../../activities/llm/openai-chat.ts';
import { callOf, endpointOf, never } from '../../support/calls.ts';
import { type Behaviour, startFakeOpenAi } from '../../support/fake-openai.ts';

const key = 'sk-planted-0123456789';
const send = createOpenAiChat();

async function sendTo(baseUrl: string, given: Parameters<typeof endpointOf>[1] = {}): Promise<SendOutcome> {
  const endpoint = endpointOf(baseUrl, { readKey: async () => key, timeoutMs: 1_000, ...given });
  return send(endpoint, callOf(1).request, { seed: 7 }, never);
}

const error = (message: string, code?: string) => ({ error: { message, code } });
const body = (message: object, more: object = {}): Behaviour => ({
  type: 'answer',
  body: { choices: [{ finish_reason: 'stop', message }], ...more },
});

test.each<[string, Behaviour, string, object?]>([
  [
    '429 in seconds',
    { type: 'status', status: 429, headers: { 'retry-after': '7' } },
    'Llm.RateLimited',
    { retryAfterMs: 7_000, unsent: true },
  ],
  [
    '429 in ms',
    { type: 'status', status: 429, headers: { 'retry-after-ms': '250' } },
    'Llm.RateLimited',
    { retryAfterMs: 250 },
  ],
  [
    '429 for a year',
    { type: 'status', status: 429, headers: { 'retry-after': '31536000' } },
    'Llm.RateLimited',
    { retryAfterMs: 3_600_000 },
  ],
  ['429 without a word', { type: 'status', status: 429 }, 'Llm.RateLimited', { retryAfterMs: undefined }],
  ['no quota', { type: 'status', status: 429, body: error('pay', 'insufficient_quota') }, 'Llm.Unauthorized'],
  ['500', { type: 'status', status: 500 }, 'Llm.Unavailable', { unsent: false }],
  [
    '503',
    { type: 'status', status: 503, headers: { 'retry-after': '3' } },
    'Llm.Unavailable',
    { retryAfterMs: 3_000 },
  ],
  ['408', { type: 'status', status: 408 }, 'Llm.Timeout'],
  [
    '401',
    { type: 'status', status: 401, body: error(`wrong key ${key} given`) },
    'Llm.Unauthorized',
    { unsent: true },
  ],
  ['403', { type: 'status', status: 403 }, 'Llm.Unauthorized'],
  ['404', { type: 'status', status: 404 }, 'Llm.BadRequest'],
  ['400', { type: 'status', status: 400, body: error('temperature is out of range') }, 'Llm.BadRequest'],
  [
    '400, context',
    { type: 'status', status: 400, body: error('x', 'context_length_exceeded') },
    'Llm.ContextTooLong',
  ],
  [
    '400, context in words',
    { type: 'status', status: 400, body: error("This model's maximum context length is 8 tokens") },
    'Llm.ContextTooLong',
  ],
  ['413', { type: 'status', status: 413 }, 'Llm.ContextTooLong'],
  [
    'a redirect',
    { type: 'status', status: 307, headers: { location: 'http://169.254.169.254/' } },
    'Llm.BadRequest',
  ],
  ['a hang', { type: 'hang' }, 'Llm.Timeout'],
  ['a cut stream', { type: 'cut' }, 'Llm.Unavailable', { unsent: false }],
  ['no JSON', { type: 'raw', bytes: Buffer.from('<html>') }, 'Llm.BadReply'],
  ['half JSON', { type: 'raw', bytes: Buffer.from('{"choices": [') }, 'Llm.BadReply'],
  ['no UTF-8', { type: 'raw', bytes: Buffer.from([0x22, 0xff, 0xfe, 0x22]) }, 'Llm.BadReply'],
  ['nothing', { type: 'raw', bytes: Buffer.alloc(0) }, 'Llm.BadReply'],
  ['other JSON', { type: 'raw', bytes: Buffer.from('[]') }, 'Llm.BadReply'],
  ['no choices', { type: 'answer', body: { choices: [] } }, 'Llm.BadReply'],
  ['no text', body({ content: null }), 'Llm.BadReply'],
])('%s', async (_name, behaviour, type, expected = {}) => {
  await using fake = await startFakeOpenAi();
  fake.behave(behaviour);
  const outcome = await sendTo(fake.baseUrl);
  expect(outcome).toMatchObject({ ok: false, failure: { type }, ...expected });
  expect(fake.requests).toHaveLength(1);
  if (outcome.ok) return;
  expect(outcome.failure.message).not.toContain(key);
  expect(outcome.failure.message).not.toContain('6 x 7');
  expect(outcome.failure.cause).toBeUndefined();
  expect(outcome.failure.nextRetryDelay).toBe(outcome.retryAfterMs);
});

test('an endpoint that is not there, and one behind an unknown name', async () => {
  const gone = await startFakeOpenAi();
  await gone[Symbol.asyncDispose]();
  expect(await sendTo(gone.baseUrl)).toMatchObject({
    failure: { type: 'Llm.Unavailable' },
    unsent: true,
  });
  expect(await sendTo('http://no-such-host.invalid/v1')).toMatchObject({
    failure: { type: 'Llm.Unavailable' },
  });
});

test('the caller that gives up gets its own reason back', async () => {
  await using fake = await startFakeOpenAi();
  fake.behave({ type: 'hang' });
  const abort = new AbortController();
  const sent = send(endpointOf(fake.baseUrl), callOf(1).request, { seed: 7 }, abort.signal);
  await expect.poll(() => fake.requests.length, { timeout: 20_000 }).toBe(1);
  abort.abort(new Error('the run was cancelled'));
  await expect(sent).rejects.toThrow('the run was cancelled');
});

test('replies: key sent, usage counted or estimated, reasoning kept, empty text allowed, simulation declared', async () => {
  await using fake = await startFakeOpenAi();
  const reply = async (behaviour: Behaviour, given: Parameters<typeof endpointOf>[1] = {}) => {
    fake.behave(behaviour);
    const outcome = await sendTo(fake.baseUrl, given);
    if (!outcome.ok) throw outcome.failure;
    return outcome.reply;
  };
  expect(await reply({ type: 'answer', text: 'x'.repeat(40), usage: false })).toMatchObject({
    usageEstimated: true,
    usage: { tokensIn: 4, tokensCached: 0, tokensOut: 10 },
    costUsd: 0.000024,
  });
  expect(fake.requests[0]?.authorization).toBe(`Bearer ${key}`);
  const usage = { prompt_tokens: 100, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 60 } };
  expect(await reply(body({ content: 'Paris', reasoning_content: 'France…' }, { usage }))).toEqual({
    text: '<think>France…</think>Paris',
    finishReason: 'stop',
    usage: { tokensIn: 100, tokensCached: 60, tokensOut: 10 },
    costUsd: 0.00009,
    simulated: true,
  });
  expect((await reply(body({ content: '' }))).text).toBe('');
  expect((await reply(body({ content: null, refusal: 'I cannot.' }))).text).toBe('I cannot.');
  expect((await reply({ type: 'answer' }, { simulated: false })).simulated).toBe(false);
  expect((await reply({ type: 'answer', body: { simulated: true } }, { simulated: false })).simulated).toBe(
    true,
  );
  expect((await reply({ type: 'answer', text: '\0 \u{1F600}' })).text).toBe('\0 \u{1F600}');
});
