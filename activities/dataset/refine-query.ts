/**
 * One query: its base program adapted by the refiner, executed, graded and controlled; accepted if it does not score lower than
 * the base over the same repeats. Up to r tries, each told why the last one was refused; then the base stands. A spent budget is thrown,
 * or, with `whenSpent: 'use'`, leaves the base, without reasoning where that was not paid.
 */
import type { RefineInput } from '../../workflows/dataset/contract.ts';
import { controls, type Refinement } from '../../workflows/dataset/refinement.ts';
import type { Plan } from '../../workflows/matrix/contract.ts';
import type { Query } from '../../workflows/shared/query.ts';
import { addUsage, noUsage, type Usage } from '../../workflows/shared/usage.ts';
import type { CallService, ChatMessage, ChatReply } from '../llm/chat.ts';
import { drawOf } from '../mas/execution-key.ts';
import { retrying } from '../mas/retry.ts';
import type { ProgramReading } from '../sandbox/program-graph.ts';
import { isFailure } from '../failure.ts';
import { canonicalHash } from '../storage/canonical-json.ts';
import { control, type ControlParts } from './controls.ts';
import { leaksAnswer } from './leak/leaks-answer.ts';
import { adaptMessages, explainMessages, type LastTry, refinerSampling } from './prompts/refine.ts';
import { type Candidate, readCandidate, type ReadParts, type Refused, refused } from './read-candidate.ts';
import { reasoningIn } from './reasoning.ts';
import { type Scored, scoreProgram } from './score-program.ts';
import { type Controlled, type FinalQuery, isSolved, type SelectedQuery } from './selection.ts';
import { similarity } from './similarity.ts';

export interface RefineParts extends ControlParts, ReadParts {
  readonly calls: CallService;
}

export interface RefinedQuery {
  readonly final: FinalQuery;
  readonly tried: boolean;
  readonly usage: Usage;
}

export interface RefineGiven {
  readonly plan: Plan;
  readonly query: Query;
  readonly selected: SelectedQuery;
  readonly input: RefineInput;
  readonly settings: Refinement;
  readonly base: { readonly source: string; readonly reading: ProgramReading };
  /** For the control on another query. */
  readonly similar: readonly Query[];
  /** Temporal's, of the run. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

type Accepted = Candidate & Pick<Scored, 'score' | 'usage'> & { readonly controls: Controlled };
/** Without usage: the matrix's own score. */
type BaseScore = Pick<Scored, 'score'> & { readonly usage: Usage | null };
type Final = NonNullable<FinalQuery['final']>;

export async function refineQuery(parts: RefineParts, given: RefineGiven): Promise<RefinedQuery> {
  const { plan, query, selected, input, settings, base, namespace, signal } = given;
  const { adaptation, reasoning: wantsReasoning } = input.switches;
  const repeats = Array.from({ length: settings.repeats ?? plan.repeats }, (_, repeat) => repeat);
  const baseProgram = { ...selected.base, source: base.source };
  const refusedTries: Refused[] = [];
  let usage = noUsage;
  const onSpent = (spent: Usage): void => void (usage = addUsage(usage, spent));
  const execution = { plan, namespace, signal, onSpent, query, run: input.run };

  const ask = async (messages: ChatMessage[], attempt: number): Promise<ChatReply> => {
    const request = { model: input.refiner, messages, ...refinerSampling };
    const draw = drawOf(canonicalHash(['refine', plan.seed, query.id, messages]), '0', attempt);
    const paying = { tenant: plan.tenant, namespace, run: input.run, callClass: 'dataset' } as const;
    const call = () => parts.calls.call({ ...paying, request, draw }, { signal, wait: 'block' });
    const { reply, recorded } = await retrying(call, { signal });
    if (!recorded) onSpent({ llmCalls: 1, ...reply.usage, costUsd: reply.costUsd });
    return reply;
  };

  const judge = async (reply: ChatReply, baseScore: number): Promise<Accepted | Refused> => {
    const candidate = await readCandidate(reply, { query, base, wantsReasoning }, parts);
    if ('why' in candidate) return candidate;
    const { sha256 } = candidate.program;
    const spec = { ...execution, program: { ...candidate.program, source: candidate.source } };
    const scored = await scoreProgram(parts, { ...spec, runner: parts.runner, repeats });
    const { score } = scored;
    if (score < baseScore)
      return scored.failure === null
        ? refused('scoredLower', lower(score, baseScore, repeats.length), sha256, score)
        : refused('failed', `The program failed when it was executed:\n${scored.failure}`, sha256, score);
    const controlled = await control(parts, spec, baseProgram, given.similar);
    return controlled.caught === null
      ? { ...candidate, score, usage: scored.usage, controls: controlled.controlled }
      : refused(controlled.caught, controlled.message, sha256, score);
  };

  const adapt = async (baseScore: number): Promise<Accepted | undefined> => {
    let last: LastTry | undefined;
    for (let attempt = 0; attempt < settings.tries; attempt++) {
      const reply = await ask(adaptMessages(query.text, base.source, last), attempt);
      const judged = await judge(reply, baseScore);
      if (!('why' in judged)) return judged;
      refusedTries.push(judged);
      last = { reply: reply.text, why: judged.message };
    }
    return undefined;
  };

  const explain = async (): Promise<string> => {
    if (!wantsReasoning) return '';
    for (let attempt = 0; attempt < settings.tries; attempt++) {
      const { text } = await ask(explainMessages(query.text, base.source), attempt);
      const reasoning = reasoningIn(text, [query.text]);
      if (reasoning !== '' && !leaksAnswer(reasoning, query.gold, [query.text])) return reasoning;
    }
    return '';
  };

  let unpaid = false;
  /** `otherwise` where a spent budget ends the work and the input wants that used. */
  const paidOr = async <T>(otherwise: T, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (input.whenSpent !== 'use' || !isFailure(error, 'Budget.Exceeded')) throw error;
      unpaid = true;
      return otherwise;
    }
  };

  const scoreBase = (): Promise<BaseScore> =>
    scoreProgram(parts, { ...{ ...execution, runner: parts.runner, repeats }, program: baseProgram });
  // Without the further repeats, the matrix's own decide.
  const ofBase = await paidOr<BaseScore>({ score: selected.baseScore, usage: null }, scoreBase);
  const accepted = adaptation && !unpaid ? await paidOr(undefined, () => adapt(ofBase.score)) : undefined;
  const adaptationUnpaid = unpaid && adaptation;
  const { score, usage: used } = accepted ?? ofBase;
  const reading = accepted?.reading ?? base.reading;
  const kept = accepted ? null : adaptationUnpaid ? 'budget' : (refusedTries.at(-1)?.why ?? 'adaptationOff');
  const isDropped = settings.dropUnsolved && !isSolved(score);
  const final: Final | null = isDropped
    ? null
    : {
        program: accepted?.program ?? selected.base,
        score,
        reasoning: accepted ? (wantsReasoning ? accepted.reasoning : '') : await paidOr('', explain),
        adapted: accepted !== undefined,
        fingerprint: reading.fingerprint?.sha256 ?? null,
        similarity: accepted ? likeness(accepted.reading, base.reading) : null,
        perExecution: used && perExecution(used, repeats.length),
        controls: accepted?.controls ?? null,
      };
  const refusals = refusedTries.map(({ why, program, score: of }) => ({ why, program, score: of }));
  return {
    final: {
      ...{ ...selected, queryId: query.id, final, kept, refused: refusals },
      ...(unpaid ? { unpaid } : {}),
    },
    tried: adaptation && (!adaptationUnpaid || refusals.length > 0),
    usage,
  };
}

/** The controls that caught a program written for the query, each once. */
export function caughtBy({ refused: tries = [] }: Pick<FinalQuery, 'refused'>) {
  return controls.filter((one) => tries.some(({ why }) => why === one));
}

function lower(score: number, base: number, repeats: number): string {
  return `Executed ${repeats === 1 ? 'once' : `${repeats} times`} on the query, the program scored ${score.toFixed(2)}; the program you were given scored ${base.toFixed(2)}.`;
}

function likeness(adapted: ProgramReading, base: ProgramReading): number | null {
  return adapted.fingerprint && base.fingerprint ? similarity(adapted.fingerprint, base.fingerprint) : null;
}

function perExecution(usage: Usage, repeats: number): NonNullable<Final['perExecution']> {
  const { llmCalls, tokensIn, tokensOut, costUsd } = usage;
  const mean = (value: number): number => Math.round((value / repeats) * 1e9) / 1e9;
  return {
    ...{ llmCalls: mean(llmCalls), tokensIn: mean(tokensIn) },
    ...{ tokensOut: mean(tokensOut), costUsd: mean(costUsd) },
  };
}
