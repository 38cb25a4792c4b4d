/**
 * Whether the programs that a model wrote while it is trained run: outside of the trainer, in the sandbox, and against a driver
 * that says the same to everything. So it costs no call, and says nothing about the quality of answers.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { limitsSchema } from '../../workflows/shared/program.ts';
import type { CallService } from '../llm/chat.ts';
import { extractPrograms } from '../mas/extract-program.ts';
import { runAlone } from '../mas/run-alone.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** Share of the file's replies, 0 to 1, whose program runs to an answer; null when the file is not there or holds none. */
export type JudgePrograms = (file: string, signal: AbortSignal) => Promise<number | null>;

const maxFileBytes = 16 * 1024 * 1024;
const maxReplies = 256;

/** A line that the trainer wrote (trainer/programs.py). */
const lineSchema = z.object({ query: z.string(), reply: z.string(), ended: z.boolean() });
type Line = z.infer<typeof lineSchema>;

const limits = limitsSchema.parse({ computeMs: 20_000, totalMs: 20_000, maxCalls: 200, maxCodeRuns: 10 });

export function createJudgePrograms(sandbox: () => Promise<Sandbox>): JudgePrograms {
  return async (file, signal) => {
    const lines = await readLines(file);
    if (lines.length === 0) return null;
    let running = 0;
    for (const line of lines) if (await runs(await sandbox(), line, signal)) running += 1;
    return running / lines.length;
  };
}

async function runs(sandbox: Sandbox, { query, reply, ended }: Line, signal: AbortSignal): Promise<boolean> {
  if (!ended) return false;
  for (const source of extractPrograms(reply)) {
    if (!(await sandbox.check(source)).ok) continue;
    const spec = { source, query, driver: 'constant', seed: 0, limits };
    const { outcome } = await runAlone({ sandbox, calls: constantDriver, graph: null }, spec, signal);
    return outcome.status === 'answered';
  }
  return false;
}

/** Holds what programs look for in replies: an answer, and a block of code. */
const said = 'The solution is sound.\n\n```python\nprint(1)\n```\n\nFinal Answer: 1';

const constantDriver: CallService = {
  call: () =>
    Promise.resolve({
      recorded: false,
      reply: {
        ...{ text: said, finishReason: 'stop', costUsd: 0, simulated: true },
        usage: { tokensIn: 0, tokensCached: 0, tokensOut: 0 },
      },
    }),
  prices: () => Promise.resolve({ in: 0, cached: 0, out: 0 }),
  identity: () => Promise.resolve({ model: 'constant', revision: '1', simulated: true }),
};

/** What is no such line counts as a reply without a program. */
async function readLines(path: string): Promise<Line[]> {
  const text = await readCapped(path);
  if (text === undefined) return [];
  const lines = text.split('\n').filter(Boolean).slice(0, maxReplies);
  return lines.map((line) => {
    const parsed = lineSchema.safeParse(parseJson(line));
    return parsed.success ? parsed.data : { query: '', reply: '', ended: false };
  });
}

async function readCapped(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      return stat.isFile() && stat.size <= maxFileBytes ? await file.readFile('utf8') : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
