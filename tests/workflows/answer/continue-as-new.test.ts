/** A long program outgrows one history: the run goes on in the next one, with the journal as its memory. */
import { Client, Connection } from '@temporalio/client';
import { expect, it } from 'vitest';
import { createMasClient } from '../../../clients/client.ts';
import { startAnswerWorkers } from '../../support/answer-workers.ts';
import { freshTaskQueue } from '../../support/environment.ts';
import { startImpatientTemporal } from '../../support/impatient-temporal.ts';
import { recordHistory } from '../../support/record-history.ts';
import { masParts, programOf } from '../../support/mas-parts.ts';

it('continues as new between calls, repeats none, and loses no reason', async () => {
  await using server = await startImpatientTemporal(60);
  await using parts = await masParts();
  const taskQueue = freshTaskQueue();
  const config = { ...parts.config, temporal: { ...parts.config.temporal, taskQueue } };
  await using _workers = await startAnswerWorkers({ config, address: server.address });
  const connection = await Connection.connect({ address: server.address });
  const program = programOf(`
def chain(n):
    return [self.llm.call_llm(f'chain {n} step {step}') for step in range(8)]
with ThreadPoolExecutor(3) as pool:
    found = list(pool.map(chain, range(3)))
if taskInfo.startswith('fail'):
    raise ValueError('by design')
return str(sum(len(replies) for replies in found))
`);
  parts.llm.behave(({ body: { model } }) =>
    model === 'fake-generator'
      ? { type: 'answer', text: `\`\`\`python\n${program}\`\`\`` }
      : { type: 'answer' },
  );
  const mas = createMasClient(connection, { taskQueue });
  const handle = await mas.answer.start({ query: 'fail late', driver: 'driver', generator: 'generator' });
  const result = await handle.result();
  expect(result).toMatchObject({
    status: 'answered',
    answeredBy: 'fallback',
    skipped: [{ step: 'generated', kind: 'raised' }],
    usage: { llmCalls: 1 + 24 + 6 },
  });
  expect(parts.llm.requests).toHaveLength(1 + 24 + 6);
  const { raw } = await new Client({ connection }).workflow.getHandle(handle.workflowId).describe();
  const { firstRunId, execution } = raw.workflowExecutionInfo ?? {};
  expect(firstRunId).not.toBe(execution?.runId);
  await recordHistory(new Client({ connection }), handle.workflowId, 'answer-continued');
  const row = await parts.database
    .selectFrom('runs')
    .select(['state', 'llm_calls', 'first_run_id'])
    .executeTakeFirstOrThrow();
  expect(row).toEqual({ state: 'succeeded', llm_calls: 31, first_run_id: firstRunId });
  await connection.close();
}, 240_000);
