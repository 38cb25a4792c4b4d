/** Opens what a command's body works with: the home's stack, the Temporal client and the database; closes them after it. */
import { openDatabase } from '../../activities/storage/database.ts';
import { loadConfig } from '../../workers/config/load.ts';
import { createMasClient } from '../client.ts';
import { connectClient } from '../connect.ts';
import { attachOrStartStack } from '../dev/stack.ts';
import type { CommandContext, LocalContext } from './command.ts';

export async function onStack<T>(
  local: LocalContext,
  flags: Readonly<Record<string, unknown>>,
  body: (context: CommandContext) => Promise<T>,
): Promise<T> {
  await using stack = await attachOrStartStack({
    config: local.config,
    configFile: local.configFile,
    purpose: process.argv[2] ?? 'masgpt',
    note: (text) => local.output.note(text),
    signal: local.signal,
  });
  // Shown before the body: a run can be watched while it runs.
  if (stack.startedHere && stack.temporal.uiUrl) local.output.note(`Temporal UI: ${stack.temporal.uiUrl}`);
  const database = openDatabase(stack.databaseUrl, { max: 4 });
  try {
    // Once more: the stack's own addresses, and the simulated models, come from its environment.
    const env = { ...process.env, ...stack.env };
    const config = await loadConfig({ file: local.configFile, env, flags });
    const temporal = await connectClient({ config, env, database });
    const client = createMasClient(temporal, { taskQueue: config.temporal.taskQueue });
    try {
      return await body({ ...local, config, stack, temporal, client, database });
    } finally {
      await temporal.connection.close();
    }
  } finally {
    await database.destroy();
  }
}
