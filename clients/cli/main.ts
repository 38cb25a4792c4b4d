/** The command `masgpt`: one file per subcommand, loaded when it is used. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
import { createRequire } from 'node:module';
import { type CommandDef, defineCommand, runCommand } from 'citty';
import { checkArguments, usageOf, wantsHelp } from './flags.ts';
import { reportError, UsageError } from './errors.ts';

type Load = () => Promise<{ default: unknown }>;

const commands = {
  demo: [
    'The whole method on generated problems: dataset, training, serving, evaluation, report',
    () => import('./commands/demo.ts'),
  ],
  dev: ['Start the embedded stack and a worker; Ctrl-C stops them', () => import('./commands/dev.ts')],
  doctor: ['Check every part; one remedy per line', () => import('./commands/doctor.ts')],
  ask: ['Answer a query with a multi-agent system written for it', () => import('./commands/ask.ts')],
  program: ['Run, check, draw and list programs, without a stack', () => import('./commands/program.ts')],
  dataset: ['Build a fine-tuning dataset', () => import('./commands/dataset.ts')],
  train: ['Fine-tune a generator under supervision', () => import('./commands/train.ts')],
  training: [
    'Start, watch and operate training runs: list, show, watch, resume, pause, logs, …',
    () => import('./commands/training.ts'),
  ],
  serve: ['Serve a trained generator', () => import('./commands/serve.ts')],
  evaluate: ['Measure systems on benchmarks', () => import('./commands/evaluate.ts')],
  report: ['Show or write the report of an evaluation', () => import('./commands/report.ts')],
  runs: ['List, show, cancel and delete runs', () => import('./commands/runs.ts')],
  gc: ['Remove what no listed run can need', () => import('./commands/gc.ts')],
  generators: [
    'How often the programs of each generator run, and why not',
    () => import('./commands/generators.ts'),
  ],
  worker: ['Run a worker alone', () => import('./commands/worker.ts')],
  config: ['Show the configuration that is in effect', () => import('./commands/config.ts')],
} satisfies Record<string, [string, Load]>;

const manifestUrl = import.meta.url.endsWith('.ts') ? '../../package.json' : '../../../package.json';
const { version } = createRequire(import.meta.url)(manifestUrl) as { version: string };

const main = defineCommand({
  meta: {
    name: 'masgpt',
    version,
    description: 'Durable pipelines for models that write multi-agent systems',
  },
  subCommands: Object.fromEntries(
    Object.entries(commands).map(([name, [, load]]) => [
      name,
      async () => (await load()).default as CommandDef,
    ]),
  ),
});

async function run(rawArgs: string[]): Promise<void> {
  const [name] = rawArgs;
  if (name === '--version') return void process.stdout.write(`${version}\n`);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(overview());
    if (name === undefined) process.exitCode = 2;
    return;
  }
  if (!(name in commands)) throw new UsageError(`unknown command: ${name}`, 'see `masgpt --help`');
  if (wantsHelp(rawArgs)) return void process.stdout.write(await usageOf(main, rawArgs));
  await runCommand(main, { rawArgs: await checkArguments(main, rawArgs) });
}

function overview(): string {
  const lines = Object.entries(commands).map(([name, [description]]) => `  ${name.padEnd(12)}${description}`);
  return [
    `masgpt ${version}: durable pipelines for models that write multi-agent systems`,
    '',
    'Usage: masgpt <command> [options]',
    '',
    ...lines,
    '',
    'Every command takes --help, --json (one JSON document on stdout), --home DIR and --config FILE.',
    '',
  ].join('\n');
}

const rawArgs = process.argv.slice(2);
await run(rawArgs).catch((error: unknown) => reportError(error, rawArgs));
