/** `masgpt evaluate`: systems x benchmarks x drivers -> scores with intervals, cost, and a report. The same command again resumes or reuses. */
import { defineCommand } from 'citty';
import { readPool } from '../../../activities/mas/pool.ts';
import type {
  EvaluationRequest,
  EvaluationResult,
  ScoreRow,
} from '../../../workflows/evaluation/contract.ts';
import { budgetOf, matrixBudgetArgs } from '../budget-flags.ts';
import { columns } from '../columns.ts';
import {
  type CommandContext,
  commonArgs,
  type LocalContext,
  runCommand,
  runLocalCommand,
} from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { estimate } from '../estimate.ts';
import { commaList, wholeNumber } from '../flag-values.ts';
import { followRun } from '../follow-run.ts';
import { importBenchmarks } from '../import-benchmarks.ts';
import { writeReport } from '../write-report.ts';

export default defineCommand({
  meta: { name: 'evaluate', description: 'Measure systems on benchmarks' },
  args: {
    ...commonArgs,
    benchmark: {
      type: 'string',
      description: 'NAME=FILE, several by comma; `generated-test` needs no file',
      required: true,
    },
    system: {
      type: 'string',
      description: 'Pool programs by comma, or generator:MODEL',
      default: 'single,self-consistency',
    },
    driver: { type: 'string', description: 'Models that play the agents, by comma', default: 'sim-driver' },
    limit: { type: 'string', description: 'The first N valid rows of each benchmark' },
    sample: { type: 'string', description: 'N rows of each benchmark, sampled by --seed' },
    seed: { type: 'string', description: 'Seed of sampling and of all draws', default: '0' },
    repeats: { type: 'string', description: 'Executions per cell', default: '1' },
    name: { type: 'string', description: "Name of the run (default: made from the input's hash)" },
    ...matrixBudgetArgs,
    out: {
      type: 'string',
      description: 'Directory for the report (default: HOME/reports)',
      valueHint: 'dir',
    },
    'dry-run': { type: 'boolean', description: 'Print the plan with calls and cost, and stop' },
  },
  run: ({ args }) => {
    if (args['dry-run']) return runLocalCommand(args, (context) => plan(context, args));
    return runCommand(args, async (context) => {
      const { input } = await requestOf(context, args);
      const result = await evaluate(context, input, args.name);
      const reportPath = await writeReport(context, result, args.out);
      context.output.print(`report: ${reportPath}`);
      const document = { results: result.results, reportPath };
      if (result.unfinished > 0) throw unfinished(result, document);
      return document;
    });
  },
});

type Args = { readonly [name: string]: unknown };

/** `rows`: how many queries are asked, by benchmark. */
async function requestOf(context: Pick<LocalContext, 'config' | 'output'>, args: Args) {
  const text = (name: string): string | undefined => args[name] as string | undefined;
  const limit = wholeNumber('--limit', text('limit'), 1);
  const sample = wholeNumber('--sample', text('sample'), 1);
  const budget = budgetOf(args);
  const benchmarks = await importBenchmarks(context, text('benchmark') ?? '');
  const input: EvaluationRequest = {
    benchmarks: benchmarks.map(({ name, sha256 }) => (sha256 === undefined ? { name } : { name, sha256 })),
    systems: commaList(text('system')),
    drivers: commaList(text('driver')),
    repeats: wholeNumber('--repeats', text('repeats'), 1),
    seed: wholeNumber('--seed', text('seed'), 0),
    ...(limit === undefined ? {} : { limit }),
    ...(sample === undefined ? {} : { sample }),
    ...budget,
  };
  const rows = benchmarks.reduce(
    (sum, { rows: all = 60 }) => sum + Math.min(all, sample ?? all, limit ?? all),
    0,
  );
  return { input, rows };
}

export async function evaluate(
  context: CommandContext,
  input: EvaluationRequest,
  name?: string,
): Promise<EvaluationResult> {
  const { client, output } = context;
  const handle = await client.evaluation.start(input, name === undefined ? {} : { name });
  const result = await followRun(context, handle);
  output.print(table(result.results));
  if (result.simulated)
    output.print('Scores are simulated: they show that the pipeline works, not what a real model can do.');
  return result;
}

function unfinished(result: EvaluationResult, document: unknown): CommandFailed {
  return new CommandFailed(
    `${result.unfinished} executions were prevented by infrastructure; they count as failed`,
    { remedy: 'the same command again retries them and keeps the rest', document },
  );
}

function table(rows: readonly ScoreRow[]): string {
  const percent = (fraction: number): string => (100 * fraction).toFixed(1);
  return columns([
    [
      'SYSTEM',
      'BENCHMARK',
      'DRIVER',
      'N',
      'ACCURACY %',
      '95 % INTERVAL',
      'FAILED',
      'CALLS',
      'TOKENS',
      'COST $',
    ],
    ...rows.map((row) => [
      row.system,
      row.benchmark,
      row.driver,
      String(row.n),
      percent(row.accuracy),
      `${percent(row.low)} to ${percent(row.high)}`,
      String(row.failed),
      String(row.llmCalls),
      String(row.tokensIn + row.tokensOut),
      row.costUsd.toFixed(4),
    ]),
  ]);
}

async function plan(context: LocalContext, args: Args): Promise<unknown> {
  const { input, rows } = await requestOf(context, args);
  const pool = await readPool();
  const { fallbackProgram } = context.config;
  // A generator's own program is not known yet: its fallback stands for it, and one call writes it.
  const systems = (input.systems ?? []).map((system) =>
    system.startsWith('generator:')
      ? { calls: pool.get(fallbackProgram).calls, extra: 1 }
      : { calls: pool.get(system).calls, extra: 0 },
  );
  const drivers = input.drivers ?? ['sim-driver'];
  return estimate(context, { queries: rows, systems, drivers, repeats: input.repeats ?? 1 });
}
