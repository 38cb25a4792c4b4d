/**
 * Reads programs a few at a time, and once more when a reading ended without a word: on a crowded machine that may be for want
 * of time alone, and what becomes of a program must not hang on how busy the machine was.
 */
import { unparsable } from '../sandbox/check-program.ts';
import { createGate } from '../sandbox/gate.ts';
import type { ProgramReading } from '../sandbox/program-graph.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

const gate = createGate(2);
const attempts = 3;

export async function readPatiently(sandbox: Pick<Sandbox, 'read'>, source: string): Promise<ProgramReading> {
  const leave = await gate.enter(new AbortController().signal);
  try {
    let reading = await sandbox.read(source);
    for (let attempt = 1; attempt < attempts && endedWithoutWord(reading); attempt++)
      reading = await sandbox.read(source);
    return reading;
  } finally {
    leave();
  }
}

function endedWithoutWord({ graph, findings }: ProgramReading): boolean {
  return graph === null && findings.every(({ message }) => message === unparsable.message);
}
