/** `masgpt program run`: one program on one query, here and now, without Temporal and PostgreSQL. Nothing is recorded. */
import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { isFailure } from '../../../activities/failure.ts';
import { type CallTrace, runAlone } from '../../../activities/mas/run-alone.ts';
import type { ProgramGraph } from '../../../activities/sandbox/program-graph.ts';
import type { Limits, ProgramOutcome } from '../../../workflows/shared/program.ts';
import { addUsd } from '../../../workflows/shared/usage.ts';
import { terminalLine } from '../../../workflows/shared/encode/terminal.ts';
import { useByNode } from '../../graph/node-use.ts';
import { type LocalContext } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { draw, type GraphFormat } from './draw.ts';
import { openLocalCalls } from './local-calls.ts';
import { openLocalSandbox } from './local-sandbox.ts';
import type { NamedSource } from './read-source.ts';

export interface RunRequest {
  readonly program: NamedSource;
  readonly query: string;
  readonly driver: string;
  readonly seed: number;
  readonly limits: Limits;
  /** A file that gets the graph with what the run used, in the format of its ending. */
  readonly graphFile: string | undefined;
}

/** The document of the command. `status` is `answered`, or why there is no answer. */
export interface RunDocument {
  readonly status: string;
  readonly answer: string;
  readonly message?: string;
  readonly llmCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costUsd: number;
  readonly simulated: boolean;
  readonly trace: readonly CallTrace[];
}

export async function runProgramHere(context: LocalContext, request: RunRequest): Promise<RunDocument> {
  const { output, signal } = context;
  const format = request.graphFile === undefined ? undefined : formatOf(request.graphFile);
  await using local = await openLocalCalls(context, request.driver);
  await using sandbox = await openLocalSandbox(context);
  const { graph } = await sandbox.read(request.program.source);
  const trace: CallTrace[] = [];
  const onCall = (call: CallTrace): void => {
    trace.push(call);
    output.note(lineOf(call));
  };
  const spec = { ...request, source: request.program.source };
  const run = await runAlone({ sandbox, calls: local.calls, graph, onCall }, spec, signal).catch(
    (error: unknown) => refused(error, trace, signal),
  );
  const document = documentOf(run);
  if (format && graph) await drawRun(request, graph, document, format, output);
  if (document.status !== 'answered') {
    throw new CommandFailed(`no answer: ${document.status}: ${document.message ?? ''}`, { document });
  }
  output.print(document.answer);
  output.note(summaryOf(document));
  return document;
}

type Ended = { readonly status: string; readonly answer: string; readonly message?: string };
interface Run {
  readonly outcome: ProgramOutcome | Ended;
  readonly trace: readonly CallTrace[];
  readonly simulated: boolean;
}

/** What the model or the sandbox could not do has a name of the failure table; anything else is a defect. */
function refused(error: unknown, trace: readonly CallTrace[], signal: AbortSignal): Run {
  if (signal.aborted || !isFailure(error) || (trace.length === 0 && isSetUp(error.type))) throw error;
  return {
    outcome: { status: error.type ?? 'Error', answer: '', message: error.message },
    trace,
    simulated: false,
  };
}

/** Nothing was run: an error of the command, not an outcome of the program. */
function isSetUp(type: string | null | undefined): boolean {
  return type === 'Llm.UnknownModel' || type === 'Sandbox.Refused';
}

function documentOf({ outcome, trace, simulated }: Run): RunDocument {
  const sum = (pick: (call: CallTrace) => number): number =>
    trace.reduce((total, call) => total + pick(call), 0);
  const failed = outcome.status === 'failed' && 'kind' in outcome;
  return {
    status: failed ? outcome.kind : outcome.status,
    answer: 'answer' in outcome ? outcome.answer : '',
    ...('message' in outcome && outcome.message !== undefined ? { message: outcome.message } : {}),
    llmCalls: trace.filter(({ method }) => method === 'chat').length,
    tokensIn: sum(({ tokensIn }) => tokensIn),
    tokensOut: sum(({ tokensOut }) => tokensOut),
    costUsd: trace.reduce((total, call) => addUsd(total, call.costUsd), 0),
    simulated,
    trace,
  };
}

async function drawRun(
  { program, graphFile = '' }: RunRequest,
  graph: ProgramGraph,
  { trace }: RunDocument,
  format: GraphFormat,
  output: LocalContext['output'],
): Promise<void> {
  await writeFile(graphFile, await draw(graph, { title: program.name, uses: useByNode(trace) }, format));
  output.note(`graph: ${graphFile}`);
}

function formatOf(file: string): GraphFormat {
  const formats: Record<string, GraphFormat> = { '.svg': 'svg', '.mmd': 'mermaid', '.json': 'json' };
  const format = formats[extname(file).toLowerCase()];
  if (format) return format;
  throw new UsageError(`--graph ${file}: a name that ends in .svg, .mmd or .json is expected`);
}

function lineOf({ agent, prompt, ok, tokensIn, tokensOut, ms }: CallTrace): string {
  const tokens = tokensIn + tokensOut > 0 ? `, ${tokensIn} + ${tokensOut} tokens` : '';
  const words = terminalLine(prompt).slice(0, 72);
  return `  ${agent}: ${words} (${(ms / 1_000).toFixed(1)} s${tokens}${ok ? '' : ', failed'})`;
}

function summaryOf({ llmCalls, tokensIn, tokensOut, costUsd, simulated }: RunDocument): string {
  return `${llmCalls} LLM calls, ${tokensIn} + ${tokensOut} tokens, $${costUsd.toFixed(4)}${simulated ? ', simulated' : ''}`;
}
