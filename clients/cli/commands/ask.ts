/** `masgpt ask QUERY`: one answer from a multi-agent system written for the query; its agent calls appear as they end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineCommand } from 'citty';
import { type CallLine, followCalls } from '../../../activities/mas/list-calls.ts';
import type { AnswerRequest, AnswerResult } from '../../../workflows/answer/contract.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';

const pollMs = 300;

export default defineCommand({
  meta: { name: 'ask', description: 'Answer a query with a multi-agent system written for it' },
  args: {
    ...commonArgs,
    query: { type: 'positional', description: 'The task, in plain text', required: true },
    program: { type: 'string', description: 'A pool program by name, instead of a written one' },
    generator: { type: 'string', description: 'Model that writes the program (config: generator)' },
    driver: { type: 'string', description: 'Model that plays the agents', default: 'sim-driver' },
    name: { type: 'string', description: "Name of the run (default: made from the input's hash)" },
    seed: { type: 'string', description: 'Seed of all draws', default: '0' },
    'max-cost-usd': { type: 'string', description: 'Stop before the calls cost more' },
    'max-tokens': { type: 'string', description: 'Stop before the calls use more' },
  },
  run: ({ args }) => {
    const maxCostUsd = numberOf('--max-cost-usd', args['max-cost-usd']);
    const maxTokens = numberOf('--max-tokens', args['max-tokens']);
    const input: AnswerRequest = {
      query: args.query,
      driver: args.driver,
      seed: numberOf('--seed', args.seed) ?? 0,
      ...(args.program === undefined ? {} : { program: args.program }),
      ...(args.generator === undefined ? {} : { generator: args.generator }),
      ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
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
  const { client, output, database, signal } = context;
  const handle = await client.answer.start(input, options);
  output.note(`${handle.attached ? 'attached to' : 'started'} ${handle.workflowId}`);
  const next = followCalls(database, handle.workflowId);
  const show = async (): Promise<void> => (await next()).forEach((call) => output.note(lineOf(call)));
  const ended = new AbortController();
  const following = (async () => {
    while (!ended.signal.aborted && !signal.aborted) {
      await show();
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => {});
    }
  })();
  const result = await handle.result().finally(() => ended.abort());
  await following;
  await show();
  for (const { step, kind, message } of result.skipped) output.note(`${step} program: ${kind}: ${message}`);
  if (result.status === 'failed') {
    throw new CommandFailed(`no answer: ${result.skipped.at(-1)?.message ?? 'the program failed'}`, {
      document: result,
    });
  }
  output.print(result.answer);
  output.note(costOf(result));
  if (result.divergences > 0)
    output.note(`${result.divergences} divergences: when it was resumed, the program took another way than before`);
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

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new UsageError(`${flag} ${text}: not a number`);
  return value;
}
