/** The result of a dataset's run, by its name. */
import { showRun } from '../../../activities/storage/list-runs.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import type { CommandContext } from '../command.ts';
import { CommandFailed } from '../errors.ts';

export interface FinishedDataset {
  readonly name: string;
  /** As the run was started, resolved. */
  readonly input: DatasetRequest;
  readonly result: DatasetResult;
}

export async function finishedDataset(
  { config, database }: Pick<CommandContext, 'config' | 'database'>,
  given: string,
): Promise<FinishedDataset> {
  const name = given.replace(/^dataset\//, '');
  const run = await showRun(database, config.temporal.namespace, `dataset/${name}`);
  if (!run)
    throw new CommandFailed(`there is no dataset "${name}"`, {
      remedy: 'see `masgpt runs list --kind dataset`',
    });
  if (run.state !== 'succeeded') {
    throw new CommandFailed(`dataset "${name}" has no files: it is ${run.state}`, {
      remedy: 'the same `masgpt dataset build` command again goes on with it',
    });
  }
  return { name, input: run.input as DatasetRequest, result: run.result as DatasetResult };
}
