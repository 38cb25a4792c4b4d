/** The last step of answerQuery: the answer, what it cost, and the trace of every host call as a blob of JSON lines. */
import type { ConcludeInput, Conclusion } from '../../workflows/answer/contract.ts';
import { addUsage, noUsage, type Usage } from '../../workflows/shared/usage.ts';
import type { CallService } from '../llm/chat.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/tables.ts';
import { createExecutions } from './executions.ts';
import type { Generator } from './generate.ts';
import { createJournal, type JournalEntry } from './journal.ts';
import { totalsOf } from './run-claimed.ts';

export interface ConcludeParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly calls: CallService;
  readonly generator: Generator;
}

export function createConcludeAnswer(parts: ConcludeParts) {
  const executions = createExecutions(parts.database);
  const journal = createJournal(parts.database);

  return async (input: ConcludeInput): Promise<Conclusion> => {
    const found = await Promise.all(input.generations.map((key) => parts.generator.find(key)));
    const generations = found.filter((generation) => generation !== null);
    const lines: string[] = [];
    let divergences = 0;
    let usage: Usage = generations.reduce((sum, generation) => addUsage(sum, generation.usage), noUsage);
    for (const key of input.executions) {
      const entries = await journal.load(key);
      usage = addUsage(usage, totalsOf(entries).usage);
      lines.push(...entries.map((entry) => traceLine(key, entry)));
      const ended = await executions.find(key);
      divergences += ended ? ended.divergences + ended.guestChanges : 0;
    }
    const last = input.executions.at(-1);
    const answered = input.answered && last ? await executions.find(last) : null;
    const { simulated } = await parts.calls.identity(input.driver);
    return {
      answer: answered?.answer ?? '',
      usage,
      divergences,
      trace: await parts.blobs.put(lines.join('')),
      simulated: simulated || (answered?.simulated ?? false) || generations.some((one) => one.simulated),
    };
  };
}

function traceLine(execution: string, entry: JournalEntry): string {
  const { call, reply, startedAtMs, endedAtMs, ...rest } = entry;
  return `${JSON.stringify({ execution, ...rest, ...call, reply, startedAtMs, endedAtMs })}\n`;
}
