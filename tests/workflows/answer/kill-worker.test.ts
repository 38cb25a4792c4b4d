/** A worker dies without a word in the middle of an answer: the next one goes on, and no finished call is made again. */
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMasClient } from '../../../clients/client.ts';
import { startAnswerProcess } from '../../support/answer-workers.ts';
import { freshTaskQueue, temporal } from '../../support/environment.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';

let parts: MasParts;
let connection: Connection;

beforeAll(async () => {
  parts = await masParts();
  connection = await Connection.connect({ address: temporal.address() });
});
afterAll(async () => {
  await connection?.close();
  await parts?.[Symbol.asyncDispose]();
});

/** Two rounds of three threads that ask the same, code under test, and a random choice: all of it must come back. */
const program = programOf(`
log = []
for turn in range(2):
    with ThreadPoolExecutor(3) as pool:
        log += pool.map(lambda n: self.llm.call_llm(f'turn {turn}', temperature=0.7), range(3))
    log.append(execute_code(f'output = {turn} + 1').split()[2])
return '|'.join(log) + f'|{random.random()}|{uuid.uuid4()}'
`).replace('from utils import *', 'from utils import *\nimport uuid');

describe('kill -9', () => {
  it.each([1, 4])(
    'after %i answered calls',
    async (answered) => {
      const taskQueue = freshTaskQueue();
      const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
      const options = { config, address: temporal.address() };
      const mas = createMasClient(connection, { taskQueue });
      const input = {
        query: `kill after ${answered}`,
        driver: 'driver',
        generator: 'generator',
        seed: answered,
      };

      const answers = new Set<number>();
      let reached = (): void => {};
      const limit = new Promise<void>((resolve) => (reached = resolve));
      let dead = false;
      parts.llm.behave(({ body: { model, seed } }) => {
        if (model === 'fake-generator') return { type: 'answer', text: `\`\`\`python\n${program}\`\`\`` };
        if (!dead && answers.size >= answered) {
          reached();
          return { type: 'hang' };
        }
        answers.add(seed);
        return { type: 'answer' };
      });
      const first = parts.llm.requests.length;
      const worker = await startAnswerProcess(options);
      const handle = await mas.answer.start(input);
      await limit;
      // What was answered is recorded: the journal, not luck, must hold it.
      await expect
        .poll(() => answeredCalls(handle.workflowId), { timeout: 20_000 })
        .toBeGreaterThanOrEqual(answered);
      await worker.kill('SIGKILL');
      dead = true;
      const killedAt = parts.llm.requests.length;
      const finished = new Set(answers);

      const next = await startAnswerProcess(options);
      const result = await handle.result();
      await next.kill('SIGTERM');
      expect(result).toMatchObject({ status: 'answered', answeredBy: 'generated', usage: { llmCalls: 7 } });

      const after = parts.llm.requests.slice(killedAt).map(({ body }) => body.seed);
      expect(after.filter((seed) => finished.has(seed))).toEqual([]);
      // In all: the program's seven calls, and those that were in flight at the kill.
      const inFlight = killedAt - first - 1 - answered;
      expect(parts.llm.requests.length - first).toBe(7 + inFlight);

      // Undisturbed, with nothing on record, the same run gives the same answer.
      await parts.database.deleteFrom('llm_calls').where('model', '=', 'driver').execute();
      await parts.database.deleteFrom('executions').execute();
      const undisturbed = await startAnswerProcess(options);
      const again = await (await mas.answer.start(input, { name: `again-${answered}` })).result();
      await undisturbed.kill('SIGTERM');
      expect(again.answer).toBe(result.answer);
    },
    120_000,
  );
});

async function answeredCalls(run: string): Promise<number> {
  const rows = await parts.database
    .selectFrom('journal')
    .innerJoin('executions', 'executions.key', 'journal.execution')
    .select('journal.seq')
    .where('executions.run', '=', run)
    .where('journal.method', '=', 'chat')
    .where('journal.reply', 'is not', null)
    .execute();
  return rows.length;
}
