/** Reads a program in a child, without running it: its form alone, or findings and graph. */
import { askChild } from './ask-child.ts';
import type { Child } from './child.ts';
import { checkFrameSchema, readingFrameSchema } from './frames.ts';
import type { ProgramReading } from './program-graph.ts';
import type { ProgramCheck } from './sandbox.ts';

export const unparsable = {
  kind: 'syntax',
  message: 'the program cannot be parsed: it is nested too deeply or too large',
} as const;

export async function checkProgram(child: Child, source: string): Promise<ProgramCheck> {
  const frame = await askChild(child, { mode: 'check', source }, checkFrameSchema);
  if (frame === null) return { ok: false, ...unparsable };
  return frame.ok ? { ok: true } : { ok: false, kind: frame.kind, message: frame.message };
}

export async function readProgram(child: Child, source: string): Promise<ProgramReading> {
  const frame = await askChild(child, { mode: 'read', source }, readingFrameSchema);
  if (frame === null)
    return {
      findings: [{ severity: 'error', line: null, ...unparsable }],
      graph: null,
      fingerprint: null,
    };
  const { findings, graph, fingerprint } = frame;
  return { findings, graph, fingerprint };
}
