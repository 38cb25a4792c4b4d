/** The ladder of an answer: repair with the program's own error, fallback, one plain call; each step says why it did not answer. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMasClient, type MasClient } from '../../../clients/client.ts';
import type { AnswerRequest } from '../../../workflows/answer/contract.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';
import { recordHistory } from '../../support/record-history.ts';

let parts: MasParts;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  parts = await masParts();
  connection = await Connection.connect({ address: temporal.address() });
  client = new Client({ connection });
});
afterAll(async () => {
  await connection?.close();
  await parts?.[Symbol.asyncDispose]();
});

const reply = (body: string): string => `Thought.\n\n\`\`\`python\n${programOf(body)}\`\`\`\n`;

/** What the generator replies at first, and when it is shown a failure; the driver echoes. */
function generatorReplies(first: string, repaired: string): void {
  parts.llm.behave(({ body: { model, messages } }) => {
    if (model !== 'fake-generator') return { type: 'answer' };
    return { type: 'answer', text: messages.length === 2 ? first : repaired };
  });
}

const askedGenerator = () =>
  parts.llm.requests.filter(({ body }) => body.model === 'fake-generator').map(({ body }) => body.messages);

describe.each([
  ['cached', undefined],
  ['always replayed', 0],
] as const)('%s', (mode, maxCachedWorkflows) => {
  let workers: AsyncDisposable;
  let mas: MasClient;
  let count = 0;

  beforeAll(async () => {
    const taskQueue = freshTaskQueue();
    const config = {
      ...parts.config,
      generation: { ...parts.config.generation, repair: true },
      temporal: { ...parts.config.temporal, taskQueue },
    };
    workers = await startAnswerWorkers({
      config,
      address: temporal.address(),
      ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    });
    mas = createMasClient(connection, { taskQueue });
  });
  afterAll(() => workers?.[Symbol.asyncDispose]());

  async function ask(input: Partial<AnswerRequest>, history: string) {
    count += 1;
    const query = `${mode} ladder ${count}`;
    const handle = await mas.answer.start({ query, driver: 'driver', generator: 'generator', ...input });
    const result = await handle.result();
    await recordHistory(client, handle.workflowId, history);
    return result;
  }

  it('a program that fails is repaired once, from its traceback', async () => {
    const failing = `self.llm.call_llm('first')\nraise ValueError('by design')`;
    generatorReplies(reply(failing), reply(`return self.llm.call_llm('mended')`));
    const before = askedGenerator().length;
    const result = await ask({}, 'answer-repaired');
    expect(result).toMatchObject({
      status: 'answered',
      answer: expect.stringContaining('mended'),
      answeredBy: 'repaired',
      skipped: [{ step: 'generated', kind: 'raised' }],
      usage: { llmCalls: 4 },
    });
    const [, repair, ...more] = askedGenerator().slice(before);
    expect(more).toEqual([]);
    expect(repair?.map(({ content }) => content)).toEqual([
      expect.any(String),
      expect.stringContaining('ladder'),
      reply(failing),
      expect.stringMatching(/\(raised\)[^]*line 9[^]*ValueError: by design/),
    ]);
    const rows = await parts.database.selectFrom('generations').select(['key', 'repairs']).execute();
    expect(rows.filter(({ repairs }) => rows.some(({ key }) => key === repairs)).length).toBeGreaterThan(0);
  });

  it.each([
    ['no program', 'I would rather not.', 'noProgram', 'no ```python block'],
    ['a program that does not parse', '```python\nclass MAS(:\n```', 'syntax', 'line 1'],
  ])('a reply with %s is repaired before anything runs', async (_what, first, kind, word) => {
    generatorReplies(first, reply(`return 'whole'`));
    const result = await ask({}, `answer-repaired-${kind}`);
    expect(result).toMatchObject({ answer: 'whole', answeredBy: 'repaired', skipped: [{ kind }] });
    expect(askedGenerator().at(-1)?.at(-1)?.content).toContain(word);
  });

  it('a repair that fails too leaves it to the fallback program', async () => {
    generatorReplies(reply('return 1 / 0'), reply('return None'));
    expect(await ask({}, 'answer-repair-failed')).toMatchObject({
      status: 'answered',
      answeredBy: 'fallback',
      skipped: [
        { step: 'generated', kind: 'raised' },
        { step: 'repaired', kind: 'noAnswer' },
      ],
    });
  });

  it('an input may refuse the repair', async () => {
    generatorReplies(reply('return 1 / 0'), reply(`return 'never'`));
    expect(await ask({ repair: false }, 'answer-no-repair')).toMatchObject({
      answeredBy: 'fallback',
      skipped: [{ step: 'generated' }],
    });
  });

  it('a generator that cannot be asked is named, and the fallback program answers', async () => {
    parts.llm.behave(({ body: { model } }) =>
      model === 'fake-generator' ? { type: 'status', status: 401 } : { type: 'answer' },
    );
    expect(await ask({}, 'answer-generator-refuses')).toMatchObject({
      answeredBy: 'fallback',
      skipped: [{ step: 'generated', kind: 'Llm.Unauthorized' }],
    });
  });

  it('one plain call answers when the fallback program fails as well', async () => {
    generatorReplies(reply('return 1 / 0'), 'no');
    expect(await ask({ limits: { maxCalls: 2 } }, 'answer-single')).toMatchObject({
      status: 'answered',
      answeredBy: 'single',
      program: { id: 'single' },
      skipped: [
        { step: 'generated', kind: 'raised' },
        { step: 'repaired', kind: 'noProgram' },
        { step: 'fallback', kind: 'callLimit' },
      ],
    });
  });

  it('a program named by the input is followed by the fallback, never by the generator', async () => {
    generatorReplies(reply(`return 'never'`), '');
    const before = askedGenerator().length;
    expect(await ask({ program: 'llm-debate', limits: { maxCalls: 2 } }, 'answer-chosen')).toMatchObject({
      answeredBy: 'single',
      skipped: [
        { step: 'chosen', kind: 'callLimit' },
        { step: 'fallback', kind: 'callLimit' },
      ],
    });
    expect(askedGenerator()).toHaveLength(before);
  });
});
