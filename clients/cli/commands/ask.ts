/** `masgpt ask QUERY`: one answer from a multi-agent system written for the query; its agents are shown while they work. */
import { defineCommand } from 'citty';
import { type CallLine, followCalls } from '../../../activities/mas/list-calls.ts';
import type { AnswerRequest, AnswerResult } from '../../../workflows/answer/contract.ts';
import { budgetArgs, budgetOf } from '../budget-flags.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { wholeNumber } from '../flag-values.ts';
import { followRun } from '../follow-run.ts';

const pollMs = 300;

export default defineCommand({
  meta: { name: 'ask', description: 'Answer a query with a multi-agent system written for it' },
  args: {
    ...commonArgs,
    query: { type: 'positional', description: 'The task, in plain text', required: true },
    program: { type: 'string', description: 'A pool program by name, instead of a written one' },
    generator: { type: 'string', description: 'Model that writes the program (config: generator)' },
    repair: { type: 'boolean', description: 'A program that fails goes back to the generator once' },
    driver: { type: 'string', description: 'Model that plays the agents', default: 'sim-driver' },
    name: { type: 'string', description: "Name of the run (default: made from the input's hash)" },
    seed: { type: 'string', description: 'Seed of all draws', default: '0' },
    ...budgetArgs,
  },
  run: ({ args }) => {
    const input: AnswerRequest = {
      query: args.query,
      driver: args.driver,
      seed: wholeNumber('--seed', args.seed, 0) ?? 0,
      ...(args.program === undefined ? {} : { program: args.program }),
      ...(args.generator === undefined ? {} : { generator: args.generator }),
      ...(args.repair ? { repair: true } : {}),
      ...budgetOf(args),
    };
    const options = args.name === undefined ? {} : { name: args.name };
    return runCommand(args, (context) => ask(context, input, options));
  },
});

async function ask(
  context: CommandContext,
  input: AnswerRequest,
  options: { readonly name?: string },
): Promise<AnswerResult> {
  const { client, output, database } = context;
  const handle = await client.answer.start(input, options);
  const { agents } = output;
  const next = followCalls(database, handle.workflowId);
  const result = await followRun(context, handle, {
    pollMs,
    show: agents
      ? (progress) => agents.show(handle.workflowId, progress)
      : async () => (await next()).forEach((call) => output.note(lineOf(call))),
  });
  for (const { step, kind, message } of result.skipped) output.note(`${step} program: ${kind}: ${message}`);
  if (result.status === 'failed') {
    throw new CommandFailed(`no answer: ${result.skipped.at(-1)?.message ?? 'the program failed'}`, {
      document: result,
    });
  }
  if (agents) output.note('');
  output.print(result.answer);
  output.note(costOf(result));
  if (result.divergences > 0)
    output.note(
      `${result.divergences} divergences: when it was resumed, the program took another way than before`,
    );
  return result;
}

function lineOf(call: CallLine): string {
  const tokens = call.tokensIn + call.tokensOut > 0 ? `, ${call.tokensIn} + ${call.tokensOut} tokens` : '';
  return `  ${call.summary} (${(call.durationMs / 1_000).toFixed(1)} s${tokens}${call.ok ? '' : ', failed'})`;
}

function costOf({ answeredBy, program, usage, simulated }: AnswerResult): string {
  const cost = `${usage.llmCalls} LLM calls, ${usage.tokensIn} + ${usage.tokensOut} tokens, $${usage.costUsd.toFixed(4)}`;
  return `${answeredBy} program ${program.id} (${program.sha256.slice(0, 12)}): ${cost}${simulated ? ', simulated' : ''}`;
}
