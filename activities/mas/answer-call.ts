/**
 * Durable mode, the activities `chatCall` and `runCode`: take a call by reference, perform it, write the reply to its row.
 * The first reply stands; an activity that comes late, or twice, finds it and pays nothing. Where the program lives in this
 * process and waits for nothing else, it goes on at once: that spares the workflow a local step.
 */
import type { CallDone, CallInput } from '../../workflows/answer/contract.ts';
import { failure, isFailure } from '../failure.ts';
import type { Database } from '../storage/tables.ts';
import { drawOf } from './execution-key.ts';
import { type HostCallParts, performCall } from './host-calls.ts';
import { type CallUsage, createJournal, type JournalReply } from './journal.ts';
import type { LiveCall, ProgramSteps } from './step-program.ts';

/** A model that keeps sending what cannot be read is given up; an outage is waited for. */
const maxBadReplies = 5;

export interface AnswerCallOptions {
  readonly signal: AbortSignal;
  /** Temporal's, of the run. */
  readonly namespace: string;
  /** Of the activity, from 1. */
  readonly attempt: number;
  /** As of `ProgramSteps.step`. */
  readonly onLate: () => void;
}

export interface AnswerCallParts extends HostCallParts {
  readonly database: Database;
  readonly programs: Pick<ProgramSteps, 'find' | 'goOn'>;
}

export function createAnswerCall(parts: AnswerCallParts) {
  const journal = createJournal(parts.database);

  async function load({ execution: key, seq }: CallInput): Promise<LiveCall> {
    const [execution, entry] = await Promise.all([
      parts.database
        .selectFrom('executions')
        .select(['tenant', 'run', 'driver', 'seed'])
        .where('key', '=', key)
        .executeTakeFirst(),
      journal.find(key, seq),
    ]);
    if (!execution || !entry)
      throw failure('Input.NotFound', `there is no call ${seq} of execution ${key}: its run was deleted`);
    return { execution, entry };
  }

  return async (input: CallInput, options: AnswerCallOptions): Promise<CallDone> => {
    const done = await perform(input, options);
    if (!input.goOn || options.signal.aborted) return doneOf(done.usage);
    // What fails here fails again, and is dealt with, in the workflow's own step.
    const step = await parts.programs.goOn(input, done.told, options.onLate).catch(() => null);
    return { ...doneOf(done.usage), ...(step ? { step } : {}) };
  };

  async function perform(input: CallInput, options: AnswerCallOptions): Promise<Performed> {
    const { signal, attempt, namespace } = options;
    const { execution: key, seq } = input;
    const live = attempt === 1 ? parts.programs.find(input) : null;
    const { execution: row, entry } = live ?? (await load(input));
    if (entry.reply !== null) return { usage: entry };
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
      const stands = await journal.reply(key, seq, reply, usage);
      return { usage, ...(stands ? { told: { seq, reply, usage } } : {}) };
    } catch (error) {
      if (signal.aborted) throw error;
      await journal.missed(key, seq).catch(() => {});
      if (isFailure(error, 'Llm.BadReply') && attempt >= maxBadReplies) {
        throw failure('Llm.BadRequest', `${error.message} (${attempt} times in a row)`, { cause: error });
      }
      throw error;
    }
  }
}

interface Performed {
  readonly usage: CallUsage;
  /** The reply that now stands in the journal, when it is the one got here. */
  readonly told?: JournalReply;
}

function doneOf({ tokensIn, tokensOut, costUsd }: CallUsage): CallDone {
  return { tokensIn, tokensOut, costUsd };
}
