/** The worker process is killed while a trainer runs: the next one re-attaches, and the trainer notices nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { productScript } from '../../../clients/dev/product-script.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

const script = fileURLToPath(new URL('../../support/training-workers.ts', import.meta.url));

async function startProcess(parts: TrainingParts) {
  const [flag, tsx] = productScript('workers/main.ts');
  const child = spawn(
    process.execPath,
    [flag as string, tsx as string, script, JSON.stringify(parts.workerOptions)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  return child;
}

it('re-attaches to the same trainer: no restart, no step lost', async () => {
  await using parts = await trainingParts();
  await parts.addDataset('rows', '{"messages":[]}\n');
  await parts.addRecipe('slow', { maxSteps: 60, saveSteps: 20, stepS: 0.25 });
  const first = await startProcess(parts);
  const handle = await parts.start('slow', { dataset: 'rows', recipe: 'slow' });
  await until(async () => (await parts.progress('slow').catch(() => undefined))?.done);
  const before = await parts.attemptFile('slow', 1, 'attempt.json');
  first.kill('SIGKILL');
  await once(first, 'exit');
  const second = await startProcess(parts);
  try {
    const result = await handle.result();
    expect(result).toMatchObject({ state: 'succeeded', steps: 60, attempts: 1 });
    expect(await parts.attemptFile('slow', 1, 'attempt.json')).toEqual(before);
    const { history } = await parts.client.workflow
      .getHandle(handle.workflowId)
      .fetchHistory()
      .then((events) => ({ history: events }));
    const watched = history.events?.filter(
      (event) => (event.activityTaskStartedEventAttributes?.attempt ?? 0) > 1,
    );
    expect(watched?.length).toBe(1);
  } finally {
    second.kill('SIGKILL');
  }
}, 240_000);
