/** Every recorded history still replays with the workflows as they are: no open run of an earlier release breaks. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { historiesDirectory } from '../support/record-history.ts';
import { preloadModules, workflowsPath } from '../../workers/workflow-code.ts';

it('replays each without a different decision', async () => {
  const files = (await readdir(historiesDirectory)).filter((file) => file.endsWith('.json')).toSorted();
  expect(files.length).toBeGreaterThan(0);
  const histories = await Promise.all(
    files.map(async (file) => {
      const history = historyFromJSON(JSON.parse(await readFile(join(historiesDirectory, file), 'utf8')));
      // A workflow's children are named after it.
      const { workflowId } = history.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
      return { workflowId: workflowId || file, history };
    }),
  );
  const results = Worker.runReplayHistories({ workflowsPath, bundlerOptions: { preloadModules } }, histories);
  const failures: string[] = [];
  for await (const { workflowId, error } of results)
    if (error) failures.push(`${workflowId}: ${error.message}`);
  expect(failures).toEqual([]);
}, 120_000);
