/** `masgpt dataset build`: queries x pool -> score matrix -> selection -> refinement -> SFT files. The same command again resumes or reuses. */
import { defineCommand } from 'citty';
import { findQueryPool } from '../../../activities/dataset/query-pool/query-pools.ts';
import { readPool } from '../../../activities/mas/pool.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import { budgetOf, matrixBudgetArgs } from '../budget-flags.ts';
import { columns } from '../columns.ts';
import {
  type CommandContext,
  commonArgs,
  type LocalContext,
  runCommand,
  runLocalCommand,
} from '../command.ts';
import { estimate } from '../estimate.ts';
import { commaList, oneOf, wholeNumber } from '../flag-values.ts';
import { followRun } from '../follow-run.ts';
import { buildNotes } from './build-notes.ts';
import { exportArgs, exportOf } from './export-flags.ts';
import { poolReferences, queryFlags, readQueryFlags } from './query-flags.ts';
import { refineArgs, refinementOf, solverOf } from './refine-flags.ts';
import { selectionArgs, selectionOf } from './selection-flags.ts';
import { writeDatasetFiles } from './write-files.ts';

export default defineCommand({
  meta: { name: 'build', description: 'Build a fine-tuning dataset' },
  args: {
    ...commonArgs,
    ...queryFlags,
    name: { type: 'string', description: "Name of the run (default: made from the input's hash)" },
    programs: { type: 'string', description: 'Pool programs by comma', default: 'all' },
    driver: {
      type: 'string',
      description: 'Models that play the agents, by comma; the selection uses the first',
      default: 'sim-driver',
    },
    refiner: { type: 'string', description: 'Model that adapts programs', default: 'sim-refiner' },
    repeats: { type: 'string', description: 'Executions per cell', default: '1' },
    ...selectionArgs,
    inter: {
      type: 'boolean',
      default: true,
      description: 'Alike queries get the same program',
      negativeDescription: 'Ablation: any program that solved the query',
    },
    adaptation: {
      type: 'boolean',
      default: true,
      description: 'The refiner adapts programs to queries',
      negativeDescription: 'Ablation: base programs stand',
    },
    reasoning: {
      type: 'boolean',
      default: true,
      description: 'Rows hold the reasoning before the program',
      negativeDescription: 'Ablation: rows hold the program alone',
    },
    ...refineArgs,
    ...exportArgs,
    seed: { type: 'string', description: 'Seed of all draws', default: '0' },
    ...matrixBudgetArgs,
    'when-spent': {
      type: 'string',
      description:
        'stop: a spent budget or time ends the build; use: it goes on with the queries that are complete',
      default: 'stop',
    },
    out: { type: 'string', description: 'Directory for the files', valueHint: 'dir' },
    'dry-run': { type: 'boolean', description: 'Print the plan with calls and cost, and stop' },
  },
  run: ({ args }) => {
    // Wrong usage answers before a stack starts.
    poolReferences(args.pool);
    if (args['dry-run']) {
      // Only the database knows how many queries a pool has.
      return args.pool === undefined
        ? runLocalCommand(args, (context) => plan(context, args))
        : runCommand(args, (context) => plan(context, args, context.database));
    }
    return runCommand(args, async (context) => {
      const { input } = await requestOf(context, args, context.database);
      const result = await buildDataset(context, input, args.name);
      if (args.out !== undefined) await writeDatasetFiles(context, result.files, args.out);
      const { rows, cells, dropped, files } = result;
      return { rows, cells, dropped, files };
    });
  },
});

type Args = { readonly [name: string]: unknown };

/** `rows`: how many queries there are. */
async function requestOf(
  context: Pick<LocalContext, 'config' | 'output'>,
  args: Args,
  database?: CommandContext['database'],
) {
  const text = (name: string): string | undefined => args[name] as string | undefined;
  const budget = budgetOf(args);
  const { queries, rows } = await readQueryFlags(context, args, (name, version) => {
    if (!database) throw new TypeError('pools are looked up in the database');
    return findQueryPool(database, name, version);
  });
  const whenSpent = oneOf('--when-spent', text('when-spent') ?? 'stop', ['stop', 'use'] as const);
  const programs = text('programs') ?? 'all';
  const input: DatasetRequest = {
    queries,
    programs: programs === 'all' ? 'all' : commaList(programs),
    ...driversOf(text('driver') ?? 'sim-driver'),
    refiner: text('refiner'),
    repeats: wholeNumber('--repeats', text('repeats'), 1),
    ...selectionOf(args),
    switches: {
      interConsistency: args['inter'] !== false,
      withoutInterConsistency: solverOf(args),
      adaptation: args['adaptation'] !== false,
      reasoning: args['reasoning'] !== false,
    },
    refinement: refinementOf(args),
    export: exportOf(args),
    seed: wholeNumber('--seed', text('seed'), 0),
    ...budget,
    ...(whenSpent === 'stop' ? {} : { whenSpent }),
  };
  return { input, rows };
}

function driversOf(list: string): Pick<DatasetRequest, 'driver' | 'drivers'> {
  const drivers = commaList(list);
  const [driver = list] = drivers;
  return drivers.length > 1 ? { drivers } : { driver };
}

export async function buildDataset(
  context: CommandContext,
  input: DatasetRequest,
  name?: string,
): Promise<DatasetResult> {
  const { client, output } = context;
  const handle = await client.dataset.start(input, name === undefined ? {} : { name });
  const result = await followRun(context, handle);
  const groups = result.groups.map(({ group, queries, program, meanScore }) => [
    group,
    String(queries),
    program || 'none',
    meanScore.toFixed(3),
  ]);
  output.print(columns([['GROUP', 'QUERIES', 'PROGRAM', 'MEAN SCORE'], ...groups]));
  const { rows, cells, racedOut, dropped, refinement, usage, simulated } = result;
  const left = racedOut === undefined ? '' : ` (a race left out ${racedOut} more)`;
  output.print(
    `${rows} rows from ${cells} executions${left}, ${dropped} queries dropped, ${refinement.accepted} of ${refinement.tried} adaptations accepted; ` +
      `${usage.llmCalls} LLM calls, $${usage.costUsd.toFixed(4)}${simulated ? ' (simulated)' : ''}`,
  );
  for (const note of buildNotes(result)) output.print(note);
  return result;
}

/** Refinement asks the refiner once or twice per query, and runs what it wrote: about two programs of the pool. */
async function plan(
  context: LocalContext,
  args: Args,
  database?: CommandContext['database'],
): Promise<unknown> {
  const { input, rows } = await requestOf(context, args, database);
  const pool = await readPool();
  const programs =
    input.programs === 'all' || !input.programs ? pool.list() : input.programs.map((id) => pool.get(id));
  const systems = programs.map(({ calls }) => ({ calls, extra: 0 }));
  const { driver = 'sim-driver', drivers = [driver], repeats = 1 } = input;
  const most = estimate(context, { queries: rows, systems, drivers, repeats });
  if (input.selection?.race) context.output.print('at most: programs that drop out of the race cost less');
  return most;
}
