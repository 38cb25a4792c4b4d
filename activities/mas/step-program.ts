/**
 * Durable mode, the local activity: goes on with a program from its journal and returns the calls that it now waits for, as
 * references. Returns when all its threads wait, 200 ms after its first new call, or after 2 s (`running`).
 */
import type { CallInput, CallRef, ProgramStep, StepInput } from '../../workflows/answer/contract.ts';
import type { CallService } from '../llm/chat.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/tables.ts';
import { isFailure } from '../failure.ts';
import { executionKey, executionSeed, type ExecutionIdentity } from './execution-key.ts';
import { createExecutions, type ExecutionRow, isClaim } from './executions.ts';
import { createJournal, type JournalEntry, type JournalReply } from './journal.ts';
import { createLiveProgram, type LiveProgram } from './live-program.ts';
import { openClaimed } from './open-claimed.ts';
import { createProgramNames, type ProgramNames } from './outline.ts';
import { createSessionCache, type SessionCacheOptions } from './session-cache.ts';
import { createSummaries, type Summarize } from './summary.ts';

export interface StepParts {
  readonly database: Database;
  readonly calls: CallService;
  readonly sandbox: () => Promise<Sandbox>;
  readonly blobs: Blobs;
  readonly sessions?: SessionCacheOptions;
}

export interface ProgramSteps extends AsyncDisposable {
  /** `onLate`: after a step that said `waiting` the program goes on by itself; it wants another step. */
  step(input: StepInput, onLate: () => void): Promise<ProgramStep>;
  /** The call as the program that lives here made it; null when it does not, or has the reply. */
  find(call: CallInput): LiveCall | null;
  /** The step after the reply to a program's only open call; null when the program does not live here. */
  goOn(call: CallInput, told: JournalReply | undefined, onLate: () => void): Promise<ProgramStep | null>;
  /** The run no longer wants this program. */
  release(input: StepInput): Promise<void>;
}

export interface LiveCall {
  readonly entry: JournalEntry;
  readonly execution: Pick<ExecutionRow, 'tenant' | 'run' | 'driver' | 'seed'>;
}

interface Stepped extends LiveProgram {
  readonly execution: LiveCall['execution'];
  readonly summarize: Summarize;
  readonly names: Promise<ProgramNames>;
}

type OpenStep = Extract<ProgramStep, { readonly calls: unknown }>;
type Outage = Extract<ProgramStep, { readonly state: 'outage' }>;

export function createProgramSteps(parts: StepParts): ProgramSteps {
  const executions = createExecutions(parts.database);
  const journal = createJournal(parts.database);
  const namesOf = createProgramNames();
  const killed = new Map<string, number>();
  const cache = createSessionCache<Stepped>(parts.sessions);

  async function open(key: string, input: StepInput): Promise<Stepped> {
    const identity = identityOf(input);
    const [{ simulated }, prices] = await Promise.all([
      parts.calls.identity(input.driver),
      parts.calls.prices(input.driver),
    ]);
    const sandbox = await parts.sandbox();
    const seed = executionSeed(identity);
    const claim = await executions.claim({
      key,
      tenant: input.tenant,
      run: input.run,
      queryId: input.query.id,
      programSha256: input.program.sha256,
      driver: input.driver,
      repeat: 0,
      seed,
      guest: sandbox.guest,
      simulated,
    });
    if (claim === 'busy') throw new Error(`execution ${key} belongs to another run`);
    if (!isClaim(claim)) return endedProgram;
    const [source, query, known] = await Promise.all([
      parts.blobs.getText(input.program.sha256),
      parts.blobs.getText(input.query.sha256),
      claim.begun ? journal.load(key) : [],
    ]);
    const { limits, driver } = input;
    const start = { source, query, seed, models: [driver], limits };
    const { signal } = new AbortController();
    // Read in a process of its own while the program starts.
    const names = namesOf(sandbox, input.program.sha256, source);
    const { session } = await openClaimed({ sandbox, executions, claim, known, killed, start, signal });
    const program = createLiveProgram({
      ...{ claim, session, known, limits, prices, simulated },
      ...{ journal, executions },
    });
    const execution = { tenant: input.tenant, run: input.run, driver, seed };
    return Object.assign(program, { execution, summarize: createSummaries(known), names });
  }

  async function step(key: string, input: StepInput, onLate: () => void): Promise<ProgramStep> {
    const step = await cache.use(
      key,
      () => open(key, input),
      async (program): Promise<OpenStep | Outage | null> => {
        if (input.expired) {
          if (await isOutage(key, input.handed)) return { execution: key, state: 'outage' };
          program.expire();
        }
        return await stepLive(key, program, input, onLate);
      },
    );
    return step ?? (await conclude(key));
  }

  /** Null when the program has ended. */
  async function stepLive(
    key: string,
    program: Stepped,
    input: Pick<StepInput, 'handed' | 'answered' | 'outlined'>,
    onLate: () => void,
    told?: JournalReply,
  ): Promise<OpenStep | null> {
    const { calls, state } = await program.step(new Set(input.handed), onLate, told);
    if (state === 'ended') return null;
    const { outline, nameOf } = await program.names;
    return {
      execution: key,
      state,
      calls: calls.map((entry) => {
        const name = nameOf(entry.call.method, program.siteOf(entry.seq));
        return refOf(entry, program.summarize, name);
      }),
      ...(input.outlined ? {} : { outline }),
      delivered: [...(input.answered ?? []), ...input.handed.filter((seq) => program.has(seq))],
    };
  }

  async function conclude(key: string): Promise<ProgramStep> {
    await cache.evict(key);
    const ended = await executions.find(key);
    if (!ended) throw new Error(`execution ${key} has no result`);
    if (ended.failure === null) return { execution: key, state: 'answered' };
    const { kind, message } = ended.failure;
    return { execution: key, state: 'failed', kind, message: message.slice(0, maxMessage) };
  }

  /** While the model is out, a program that waits for it has not failed. */
  async function isOutage(key: string, handed: readonly number[]): Promise<boolean> {
    const entries = await Promise.all(handed.map((seq) => journal.find(key, seq)));
    return entries.some((entry) => entry !== null && entry.reply === null && entry.endedAtMs !== null);
  }

  return {
    async step(input, onLate) {
      const key = keyOf(input);
      try {
        return await step(key, input, onLate);
      } catch (error) {
        // Another worker stepped it meanwhile: its calls are in the journal, go on from there.
        if (!isFailure(error, 'Fence.Stale')) throw error;
        return await step(key, input, onLate);
      }
    },
    find({ execution, seq }) {
      const program = cache.peek(execution);
      const entry = program?.entryOf(seq);
      return program && entry ? { entry, execution: program.execution } : null;
    },
    async goOn({ execution, seq }, told, onLate) {
      const step = await cache.useLive(execution, async (program) => {
        const input = { handed: [], answered: [seq], outlined: true };
        return (await stepLive(execution, program, input, onLate, told)) ?? 'ended';
      });
      return step === 'ended' ? await conclude(execution) : step;
    },
    release: (input) => cache.evict(keyOf(input)),
    [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
  };
}

/** The whole message is in the row of the execution. */
const maxMessage = 500;

const endedProgram: Stepped = {
  bytes: 0,
  execution: { tenant: '', run: '', driver: '', seed: '' },
  entryOf: () => null,
  step: async () => ({ calls: [], state: 'ended' }),
  expire: () => {},
  has: () => false,
  siteOf: () => [],
  names: Promise.resolve({ outline: [], nameOf: () => undefined }),
  summarize: () => ({ agent: 0, summary: '' }),
  [Symbol.asyncDispose]: async () => {},
};

function refOf(entry: JournalEntry, summarize: Summarize, name: string | undefined): CallRef {
  const { method } = entry.call;
  const named = name === undefined ? {} : { name };
  return { seq: entry.seq, ...(method === 'chat' ? {} : { method }), ...named, ...summarize(entry, name) };
}

function keyOf(input: StepInput): string {
  return executionKey(identityOf(input), input.revision);
}

/** Durable executions are a run's own: two runs never contend for one, and the call record spares them double calls. */
function identityOf(input: StepInput): ExecutionIdentity {
  const { tenant, query, program, driver, limits, run } = input;
  return { tenant, query, program, driver, limits, repeat: 0, runSeed: input.seed, scope: run };
}
