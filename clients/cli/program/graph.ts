/** `masgpt program graph`: what a program's agents are and what flows between them, without running it. */
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { type TracedCall, useByNode } from '../../graph/node-use.ts';
import type { LocalContext } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { draw, type GraphFormat, graphDocument } from './draw.ts';
import { openLocalSandbox } from './local-sandbox.ts';
import type { NamedSource } from './read-source.ts';

export interface GraphRequest {
  readonly program: NamedSource;
  readonly format: GraphFormat;
  /** The document of `masgpt program run --json`. */
  readonly traceFile: string | undefined;
  /** Standard output when absent. */
  readonly out: string | undefined;
}

export async function graphProgram(context: LocalContext, request: GraphRequest): Promise<object> {
  const { program, format, traceFile, out } = request;
  const trace = traceFile === undefined ? [] : await readTrace(traceFile);
  await using sandbox = await openLocalSandbox(context);
  const { graph, findings } = await sandbox.read(program.source);
  if (graph === null) {
    const [finding] = findings;
    const message = finding?.message ?? 'it has not the form of a program';
    throw new CommandFailed(`no graph: ${message}`, {
      document: { error: { type: finding?.kind ?? 'shape', message } },
    });
  }
  const drawing = { title: program.name, uses: useByNode(trace) };
  const text = await draw(graph, drawing, format);
  if (out !== undefined) {
    await writeFile(out, text);
    context.output.note(`${format}: ${out}`);
  } else {
    context.output.write(text);
  }
  for (const { line, call, why } of graph.unresolved)
    context.output.note(`not followed: line ${line}${call === '' ? '' : `, ${call}`}: ${why}`);
  return graphDocument(graph, drawing);
}

const traceSchema = z.object({
  trace: z.array(
    z.object({
      agent: z.string(),
      ok: z.boolean(),
      tokensIn: z.number(),
      tokensOut: z.number(),
      costUsd: z.number(),
      ms: z.number(),
    }),
  ),
});

async function readTrace(file: string): Promise<readonly TracedCall[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `--trace ${file}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
    );
  });
  try {
    return traceSchema.parse(JSON.parse(text)).trace;
  } catch {
    throw new UsageError(
      `--trace ${file}: no document of a run`,
      'it is what `masgpt program run FILE --query Q --json` prints',
    );
  }
}
