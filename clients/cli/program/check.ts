/** `masgpt program check`: what is wrong with a program, or likely to go wrong, with what to change. Exit code 1 for errors. */
import type { Finding } from '../../../activities/sandbox/program-graph.ts';
import type { LocalContext } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { openLocalSandbox } from './local-sandbox.ts';
import type { NamedSource } from './read-source.ts';

export interface CheckDocument {
  /** No finding is an error. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

export async function checkProgramFile(context: LocalContext, program: NamedSource): Promise<CheckDocument> {
  await using sandbox = await openLocalSandbox(context);
  const { findings, graph } = await sandbox.read(program.source);
  for (const { severity, kind, message } of findings) context.output.print(`${severity} ${kind}: ${message}`);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const document = { ok: errors === 0, findings };
  if (errors > 0) throw new CommandFailed(`${program.name}: ${count(errors, 'error')}`, { document });
  const agents = graph?.nodes.filter(({ kind }) => kind === 'agent').length ?? 0;
  const warnings = findings.length === 0 ? 'no findings' : count(findings.length, 'warning');
  context.output.print(`${program.name}: ${warnings}, ${count(agents, 'agent')}`);
  return document;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
