/** `masgpt program run|check|graph|list`: one program, without a stack. FILE is a file, "-", or a program of the pool. */
import { defineCommand } from 'citty';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import { commonArgs, type LocalContext, runLocalCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { amount, wholeNumber } from '../flag-values.ts';
import { checkProgramFile } from '../program/check.ts';
import { type GraphFormat, graphFormats } from '../program/draw.ts';
import { graphProgram } from '../program/graph.ts';
import { listPool } from '../program/list.ts';
import { type NamedSource, readSource } from '../program/read-source.ts';
import { runProgramHere } from '../program/run.ts';

const fileArg = {
  type: 'positional',
  description: 'A Python file, - for standard input, or the name of a pool program',
  required: true,
} as const;

const run = defineCommand({
  meta: { name: 'run', description: 'Run a program on a query, without Temporal and PostgreSQL' },
  args: {
    ...commonArgs,
    file: fileArg,
    query: { type: 'string', description: 'The task, in plain text', required: true },
    driver: { type: 'string', description: 'Model that plays the agents', default: 'sim-driver' },
    seed: { type: 'string', description: 'Seed of all draws', default: '0' },
    graph: {
      type: 'string',
      description: 'Write the graph with what each agent used (.svg, .mmd or .json)',
      valueHint: 'file',
    },
    'max-calls': { type: 'string', description: 'End the program after so many calls' },
    'max-tokens': { type: 'string', description: 'End the program before it uses more' },
    'max-cost-usd': { type: 'string', description: 'End the program before it costs more' },
    'max-seconds': { type: 'string', description: 'End the program after so many seconds' },
  },
  run: ({ args }) => {
    if (args.query.trim() === '') throw new UsageError('--query is empty: what is the task?');
    const seconds = amount('--max-seconds', args['max-seconds']);
    const limits = limitsSchema.safeParse({
      maxCalls: wholeNumber('--max-calls', args['max-calls'], 1),
      maxTokens: wholeNumber('--max-tokens', args['max-tokens'], 1),
      maxCostUsd: amount('--max-cost-usd', args['max-cost-usd']),
      totalMs: seconds === undefined ? undefined : Math.ceil(seconds * 1_000),
    });
    if (!limits.success) {
      const [issue] = limits.error.issues;
      throw new UsageError(`a limit is out of range: ${issue?.path.join('.')}: ${issue?.message}`);
    }
    const { query, driver, graph: graphFile } = args;
    const seed = wholeNumber('--seed', args.seed, 0) ?? 0;
    return onProgram(args, (context, program) =>
      runProgramHere(context, { program, query, driver, seed, limits: limits.data, graphFile }),
    );
  },
});

const check = defineCommand({
  meta: { name: 'check', description: 'Tell what is wrong with a program, without running it' },
  args: { ...commonArgs, file: fileArg },
  run: ({ args }) => onProgram(args, checkProgramFile),
});

const graph = defineCommand({
  meta: { name: 'graph', description: 'Draw the agents of a program and what flows between them' },
  args: {
    ...commonArgs,
    file: fileArg,
    format: { type: 'string', description: graphFormats.join(', '), default: 'mermaid' },
    trace: {
      type: 'string',
      description: 'Lay over it what a run used: the document of `program run --json`',
      valueHint: 'file',
    },
    out: { type: 'string', description: 'Write to a file', valueHint: 'file' },
  },
  run: ({ args }) => {
    const format = args.format as GraphFormat;
    if (!graphFormats.includes(format))
      throw new UsageError(`unknown format: ${args.format}`, `there are ${graphFormats.join(', ')}`);
    return onProgram(args, (context, program) =>
      graphProgram(context, { program, format, traceFile: args.trace, out: args.out }),
    );
  },
});

const list = defineCommand({
  meta: { name: 'list', description: 'Show the programs of the pool' },
  args: commonArgs,
  run: ({ args }) => runLocalCommand(args, listPool),
});

export default defineCommand({
  meta: { name: 'program', description: 'Run, check, draw and list programs' },
  subCommands: { run, check, graph, list },
});

function onProgram(
  args: Parameters<typeof runLocalCommand>[0] & { readonly file: string },
  body: (context: LocalContext, program: NamedSource) => Promise<unknown>,
): Promise<void> {
  return runLocalCommand(args, async (context) => body(context, await readSource(args.file)));
}
