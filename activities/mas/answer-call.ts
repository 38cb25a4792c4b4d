/**
 * Durable mode, the activities `chatCall` and `runCode`: take a call by reference, perform it, write the reply to its row.
 * The first reply stands; an activity that comes late, or twice, finds it and pays nothing.
 */
import type { CallDone, CallInput } from '../../workflows/answer/contract.ts';
import { failure, isFailure } from '../failure.ts';
import type { Database } from '../storage/tables.ts';
import { drawOf } from './execution-key.ts';
import { type HostCallParts, performCall } from './host-calls.ts';
import { createJournal } from './journal.ts';

/** A model that keeps sending what cannot be read is given up; an outage is waited for. */
const maxBadReplies = 5;

export interface AnswerCallOptions {
  readonly signal: AbortSignal;
  /** Temporal's, of the run. */
  readonly namespace: string;
  /** Of the activity, from 1. */
  readonly attempt: number;
}

export function createAnswerCall(parts: HostCallParts & { readonly database: Database }) {
  const journal = createJournal(parts.database);

  return async ({ execution, seq }: CallInput, options: AnswerCallOptions): Promise<CallDone> => {
    const { signal, attempt, namespace } = options;
    const [row, entry] = await Promise.all([
      parts.database
        .selectFrom('executions')
        .select(['tenant', 'run', 'driver', 'seed'])
        .where('key', '=', execution)
        .executeTakeFirst(),
      journal.find(execution, seq),
    ]);
    if (!row || !entry)
      throw failure(
        'Input.NotFound',
        `there is no call ${seq} of execution ${execution}: its run was deleted`,
      );
    if (entry.reply !== null) return doneOf(entry);
    const draw = drawOf(row.seed, entry.lineage, entry.occurrence);
    const context = {
      tenant: row.tenant,
      namespace,
      run: row.run,
      driver: row.driver,
      draw,
      callClass: 'interactive',
    } as const;
    try {
      const { reply, usage } = await performCall(parts, entry.call, context, { signal, wait: 'yield' });
      await journal.reply(execution, seq, reply, usage);
      return doneOf(usage);
    } catch (error) {
      if (signal.aborted) throw error;
      await journal.missed(execution, seq).catch(() => {});
      if (isFailure(error, 'Llm.BadReply') && attempt >= maxBadReplies) {
        throw failure('Llm.BadRequest', `${error.message} (${attempt} times in a row)`, { cause: error });
      }
      throw error;
    }
  };
}

function doneOf({ tokensIn, tokensOut, costUsd }: CallDone): CallDone {
  return { tokensIn, tokensOut, costUsd };
}
