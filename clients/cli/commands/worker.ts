/** `masgpt worker`: one worker process in the foreground, for servers that run elsewhere (TEMPORAL_ADDRESS, DATABASE_URL). */
import { spawn } from 'node:child_process';
import { defineCommand } from 'citty';
import { queueRoles } from '../../../workflows/shared/queues.ts';
import { productScript } from '../../dev/product-script.ts';
import { isStale, readStackFile } from '../../dev/stack-file.ts';
import { environmentOf } from '../../dev/stack.ts';
import { commonArgs, type LocalContext, runLocalCommand } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';

export default defineCommand({
  meta: { name: 'worker', description: 'Run a worker alone; SIGTERM or Ctrl-C drains it' },
  args: {
    ...commonArgs,
    queues: {
      type: 'string',
      description: `Queue roles, comma-separated: ${queueRoles.join(', ')} (default all)`,
    },
  },
  run: ({ args }) =>
    runLocalCommand(args, (context) => runWorker(args.queues, context), { graceMs: drainMs }),
});

/** Longer than the worker's own grace and force times. */
const drainMs = 30_000;

async function runWorker(queues: string | undefined, context: LocalContext): Promise<unknown> {
  const { config, configFile, output, signal } = context;
  const unknown =
    queues?.split(',').filter((role) => !queueRoles.some((known) => known === role.trim())) ?? [];
  if (unknown.length > 0)
    throw new UsageError(`unknown queue: ${unknown.join(', ')}`, `one of: ${queueRoles.join(', ')}`);
  const isElsewhere = process.env['TEMPORAL_ADDRESS'] || config.temporal.address;
  const found = isElsewhere ? undefined : await readStackFile(config.home);
  const running = found && !isStale(found) ? found : undefined;
  const env = {
    ...process.env,
    ...(running?.parts ? environmentOf(config.home, running.parts) : { MASGPT_HOME: config.home }),
  };
  if (!isElsewhere && !running?.parts) {
    throw new CommandFailed('no Temporal server is configured', {
      remedy: 'set TEMPORAL_ADDRESS and DATABASE_URL, or use `masgpt dev`, which starts both and a worker',
    });
  }
  const extra = [...(queues ? ['--queues', queues] : []), ...(configFile ? ['--config', configFile] : [])];
  const child = spawn(process.execPath, [...productScript('workers/main.ts'), ...extra], {
    env,
    stdio: ['ignore', output.json ? 2 : 1, 2],
  });
  signal.addEventListener('abort', () => child.kill('SIGTERM'));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('exit', (status) => resolve(status ?? 1));
  });
  if (code !== 0 && !signal.aborted) throw new CommandFailed(`the worker ended with code ${code}`);
  return { status: 'stopped' };
}
