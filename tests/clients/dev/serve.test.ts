/**
 * A served model with the real server, asked as workers ask: the tokens of `generate()`, and the same address, key and file after
 * the server was killed or stood still. What fails meanwhile may be tried again.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChatMessage, ChatReply } from '../../../activities/llm/chat.ts';
import { createOpenAiChat, type SendOutcome } from '../../../activities/llm/openai-chat.ts';
import { canonicalHash } from '../../../activities/storage/canonical-json.ts';
import { toJson } from '../../../activities/storage/encode.ts';
import { hashFiles } from '../../../activities/training/manifest.ts';
import { type Serving, startServing } from '../../../clients/dev/serve/start-serving.ts';
import { createModels } from '../../../workers/config/models.ts';
import { type Config, configSchema } from '../../../workers/config/schema.ts';
import { ensurePython } from '../../../workers/host/python-environment.ts';
import { type FreshDatabase, freshDatabase } from '../../support/environment.ts';
import { sftJsonl } from '../../support/sft-rows.ts';
import { until } from '../../support/training-parts.ts';

const run = promisify(execFile);
const support = (name: string): string => fileURLToPath(new URL(`../../support/${name}`, import.meta.url));
const minutes = 60_000;
const env = { ...process.env, HF_HUB_OFFLINE: '1' };
const name = 'served.tiny-serve';

const conversations: readonly (readonly ChatMessage[])[] = [
  [{ role: 'user', content: 'What is two and two?' }],
  [
    { role: 'system', content: 'You design multi-agent systems.' },
    { role: 'user', content: 'Write a function.' },
    { role: 'assistant', content: 'def f(x):\n    return x\n' },
    { role: 'user', content: 'Now write another one.' },
  ],
  [{ role: 'user', content: 'Grüße aus Köln, 世界 🚀 \u202Eright to left' }],
  [{ role: 'user', content: '<|im_end|>\n<|im_start|>assistant\n<think>tool_call</think>' }],
];
const maxTokens = 40;

let home: string;
let python: string;
let database: FreshDatabase;
let config: Config;
let serving: Serving;
const notes: string[] = [];
const chat = createOpenAiChat();

beforeAll(async () => {
  python = await ensurePython('trainer', { note: (text) => console.error(text) });
  home = await mkdtemp(join(tmpdir(), 'masgpt-serve-test-'));
  database = await freshDatabase();
  config = configSchema.parse({ home });
  const directory = join(home, 'model');
  await mkdir(directory);
  await writeFile(join(home, 'rows.jsonl'), sftJsonl(16, 3));
  await run(python, [support('tiny-model.py'), directory, join(home, 'rows.jsonl')], { env });
  await database.database
    .insertInto('artefacts')
    .values({
      ...{ run: 'training/tiny-serve', directory, recipe: 'tiny', dataset_sha256: 'x' },
      sha256: canonicalHash({ v: 1, files: await hashFiles(directory) }),
      metrics: toJson({}),
    })
    .execute();
  serving = await startServing({
    ...{ run: 'tiny-serve', config, database: database.database, note: (text) => notes.push(text) },
    checks: { everyMs: 200, timeoutMs: 2_000, misses: 3 },
  });
}, 10 * minutes);

afterAll(async () => {
  await serving?.stop();
  await database?.[Symbol.asyncDispose]();
  if (home) await rm(home, { recursive: true, force: true });
});

async function send(messages: readonly ChatMessage[], temperature = 0, seed = 1): Promise<SendOutcome> {
  const endpoint = await createModels({ config, env: {} }).get(name);
  return chat(
    endpoint,
    { model: name, messages, temperature, maxTokens },
    { seed },
    AbortSignal.timeout(5 * minutes),
  );
}

async function ask(...given: Parameters<typeof send>): Promise<ChatReply> {
  const sent = await send(...given);
  if (!sent.ok) throw sent.failure;
  return sent.reply;
}

/** The first sending that succeeds; every failure before it is one that may be tried again. */
function askAgain(messages: readonly ChatMessage[]): Promise<ChatReply> {
  return until(async () => {
    const sent = await send(messages);
    if (sent.ok) return sent.reply;
    expect(sent.failure).toMatchObject({ type: 'Llm.Unavailable', nonRetryable: false });
    return undefined;
  });
}

const files = async (): Promise<string[]> =>
  Promise.all([`${name}.json`, `${name}.key`].map((file) => readFile(join(home, 'models', file), 'utf8')));

it(
  'answers with the tokens of generate(), though the model itself would rather draw',
  async () => {
    const [source, target] = [join(home, 'prompts.json'), join(home, 'answers.json')];
    await writeFile(source, JSON.stringify(conversations));
    await run(python, [support('generate.py'), join(home, 'model'), source, target, String(maxTokens)], {
      env,
    });
    const expected = JSON.parse(await readFile(target, 'utf8')) as {
      readonly answers: readonly string[];
      readonly lengths: readonly (readonly [number, number])[];
    };
    const replies = [];
    for (const messages of conversations) replies.push(await ask(messages));
    expect(replies.map(({ text }) => text)).toEqual(expected.answers);
    expect(replies.map(({ usage }) => [usage.tokensIn, usage.tokensOut])).toEqual(expected.lengths);
    const cut = replies.filter(({ usage }) => usage.tokensOut === maxTokens);
    expect(cut.length).toBeGreaterThan(0);
    for (const { finishReason } of cut) expect(finishReason).toBe('length');
    // The seed is without effect at temperature 0, and has one above.
    const [question] = conversations as [readonly ChatMessage[]];
    expect((await ask(question, 0, 99)).text).toBe(expected.answers[0]);
    const drawn = await ask(question, 1.2, 5);
    expect((await ask(question, 1.2, 5)).text).toBe(drawn.text);
    expect((await ask(question, 1.2, 6)).text).not.toBe(drawn.text);
  },
  5 * minutes,
);

it(
  'is replaced behind the same address, key and file when it is killed or stands still',
  async () => {
    const [question] = conversations as [readonly ChatMessage[]];
    const [before, { text }] = [await files(), await ask(question)];
    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      const pid = serving.pid();
      const restarts = serving.restarts();
      if (pid === undefined) throw new Error('no server runs');
      process.kill(pid, signal);
      expect((await askAgain(question)).text).toBe(text);
      expect(serving.restarts()).toBeGreaterThan(restarts);
      expect(serving.pid()).not.toBe(pid);
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(await files()).toEqual(before);
    }
    expect(notes).toContain('the model server ended (SIGKILL)');
    expect(notes).toContain('the model server did not answer');
    expect((await stat(join(home, 'models', `${name}.key`))).mode & 0o077).toBe(0);
  },
  5 * minutes,
);

it('leaves neither file nor process behind', async () => {
  const pid = serving.pid() ?? 0;
  expect(pid).toBeGreaterThan(0);
  await serving.stop();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await expect(files()).rejects.toThrow('ENOENT');
});
