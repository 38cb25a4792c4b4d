/** People are told by webhook when a run waits, fails and succeeds; a target that is down holds up no run. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OperatorNotice } from '../../../workflows/training/contract.ts';
import { recordHistory } from '../../support/record-history.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

let parts: TrainingParts;
let workers: AsyncDisposable;
let server: Server;
let received: OperatorNotice[] = [];
let isDown = false;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      if (!isDown) received.push(JSON.parse(body) as OperatorNotice);
      response.writeHead(isDown ? 503 : 204).end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  process.env['TEST_NOTICES_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const ops = { urlEnv: 'TEST_NOTICES_URL', allowPrivate: true };
  parts = await trainingParts({ training: { notify: { ops, unset: { urlEnv: 'TEST_NOTICES_UNSET' } } } });
  await parts.addDataset('rows', '{"messages":[]}\n');
  workers = await parts.startWorkers();
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
  server?.close();
});

const told = (name: string) => received.filter(({ run }) => run === `training/${name}`);

it('tells that a run waits, that it went well, and that another failed', async () => {
  await parts.addRecipe('told', {
    maxSteps: 20,
    saveSteps: 10,
    faults: [{ at: 'start', kind: 'valueError', once: true }],
  });
  const handle = await parts.start('told', { dataset: 'rows', recipe: 'told' });
  const [parked] = await until(async () => told('told').length > 0 && told('told'));
  expect(parked).toMatchObject({
    ...{
      v: 1,
      event: 'parked',
      state: 'needsOperator',
      workflowId: handle.workflowId,
      step: 0,
      maxSteps: 20,
    },
    cause: expect.stringMatching(/^config/),
  });
  await handle.executeUpdate('resume');
  await handle.result();
  await until(async () => told('told').length === 2);
  expect(told('told')[1]).toMatchObject({ event: 'succeeded', state: 'succeeded', step: 20 });
  const ids = told('told').map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
  // The target without an address is known to have failed; the other one has it.
  const child = parts.client.workflow.getHandle(`${handle.workflowId}/notice/${ids[0]}`);
  expect(await child.result()).toEqual({
    delivered: ['ops'],
    failed: { unset: expect.stringContaining('TEST_NOTICES_UNSET') },
  });
  await recordHistory(parts.client, handle.workflowId, 'training-notified');
  await recordHistory(parts.client, child.workflowId, 'training-notice');
});

it('holds up no run while the target is down, and delivers once it is back', async () => {
  isDown = true;
  await parts.addRecipe('unheard', {
    maxSteps: 20,
    saveSteps: 10,
    faults: [{ at: 'start', kind: 'valueError' }],
  });
  const handle = await parts.start('unheard', { dataset: 'rows', recipe: 'unheard' });
  await until(
    async () => (await parts.progress('unheard').catch(() => undefined))?.state === 'needsOperator',
  );
  await handle.executeUpdate('abort', { args: [{ reason: 'nobody is told' }] });
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Training.Failed' } });
  expect(told('unheard')).toEqual([]);
  isDown = false;
  await until(async () => told('unheard').length >= 2);
  const events = told('unheard').map(({ event }) => event);
  expect(events.toSorted()).toEqual(['failed', 'parked']);
});
