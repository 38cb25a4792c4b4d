/** One query: its base program adapted by the refiner, executed and graded; accepted if it does not score lower. */
import { createHash } from 'node:crypto';
import type { RefineInput } from '../../workflows/dataset/contract.ts';
import type { Plan } from '../../workflows/matrix/contract.ts';
import type { ProgramRef } from '../../workflows/shared/program.ts';
import type { Query } from '../../workflows/shared/query.ts';
import { addUsage, noUsage, type Usage } from '../../workflows/shared/usage.ts';
import type { Grading } from '../benchmarks/grading.ts';
import type { CallService, ChatMessage } from '../llm/chat.ts';
import { drawOf } from '../mas/execution-key.ts';
import { extractPrograms } from '../mas/extract-program.ts';
import { retrying } from '../mas/retry.ts';
import type { ProgramRunner } from '../mas/run-program.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalHash } from '../storage/canonical-json.ts';
import { leaksAnswer } from './leak/leaks-answer.ts';
import { adaptMessages, explainMessages, refinerSampling } from './prompts/refine.ts';
import { reasoningIn } from './reasoning.ts';
import { type FinalQuery, isSolved, type SelectedQuery } from './selection.ts';

export interface RefineParts {
  readonly blobs: Blobs;
  readonly calls: CallService;
  readonly grading: Grading;
  readonly sandbox: () => Promise<Sandbox>;
  readonly runner: ProgramRunner;
}

export interface RefinedQuery {
  readonly final: FinalQuery;
  readonly tried: boolean;
  readonly usage: Usage;
}

interface Candidate {
  readonly program: ProgramRef;
  readonly source: string;
  readonly reasoning: string;
}

type Kept = NonNullable<FinalQuery['kept']>;

export async function refineQuery(
  parts: RefineParts,
  given: {
    readonly plan: Plan;
    readonly query: Query;
    readonly selected: SelectedQuery;
    readonly input: RefineInput;
    /** Temporal's, of the run. */
    readonly namespace: string;
    readonly signal: AbortSignal;
  },
): Promise<RefinedQuery> {
  const { plan, query, selected, input, namespace, signal } = given;
  const paying = { tenant: plan.tenant, namespace, run: input.run } as const;
  const { adaptation, reasoning: wantsReasoning } = input.switches;
  const base = await parts.blobs.getText(selected.base.sha256);
  let usage = noUsage;

  const ask = async (messages: ChatMessage[]): Promise<string> => {
    const request = { model: input.refiner, messages, ...refinerSampling };
    const draw = drawOf(canonicalHash(['refine', plan.seed, query.id, messages]), '0', 0);
    const call = { ...paying, request, draw, callClass: 'dataset' } as const;
    const { reply, recorded } = await retrying(() => parts.calls.call(call, { signal, wait: 'block' }), {
      signal,
    });
    if (!recorded) usage = addUsage(usage, { llmCalls: 1, ...reply.usage, costUsd: reply.costUsd });
    return reply.text;
  };

  const score = async ({ program, source }: Candidate): Promise<number> => {
    let sum = 0;
    for (let repeat = 0; repeat < plan.repeats; repeat++) {
      const execution = await parts.runner.run(
        {
          ...{ ...paying, query, repeat, runSeed: plan.seed, limits: plan.limits },
          program: { ...program, source },
          driver: plan.drivers[0] as string,
          callClass: 'dataset',
          commonRandomNumbers: plan.commonRandomNumbers,
        },
        signal,
      );
      if (!execution.stored) usage = addUsage(usage, execution.usage);
      if (execution.status !== 'answered') continue;
      sum += (await parts.grading.grade(query, execution.answer, signal)).score;
    }
    return sum / plan.repeats;
  };

  const adapt = async (): Promise<{ candidate: Candidate; score: number } | Kept> => {
    const candidate = await readCandidate(await ask(adaptMessages(query.text, base)), parts);
    if (typeof candidate === 'string') return candidate;
    const known = [query.text, base];
    if (leaksAnswer(`${candidate.source}\n${candidate.reasoning}`, query.gold, known)) return 'leaked';
    const adapted = await score(candidate);
    return adapted >= selected.baseScore ? { candidate, score: adapted } : 'scoredLower';
  };

  const explain = async (): Promise<string> => {
    if (!wantsReasoning) return '';
    const reasoning = reasoningIn(await ask(explainMessages(query.text, base)));
    return leaksAnswer(reasoning, query.gold, [query.text]) ? '' : reasoning;
  };

  const adapted = adaptation ? await adapt() : 'adaptationOff';
  if (typeof adapted !== 'string') {
    const reasoning = wantsReasoning ? adapted.candidate.reasoning : '';
    const { program } = adapted.candidate;
    const final = isSolved(adapted.score)
      ? { program, score: adapted.score, reasoning, adapted: true }
      : null;
    return { final: { ...selected, final, kept: null }, tried: true, usage };
  }
  const final = isSolved(selected.baseScore)
    ? { program: selected.base, score: selected.baseScore, reasoning: await explain(), adapted: false }
    : null;
  return { final: { ...selected, final, kept: adapted }, tried: adaptation, usage };
}

async function readCandidate(
  reply: string,
  { sandbox, blobs }: Pick<RefineParts, 'sandbox' | 'blobs'>,
): Promise<Candidate | Kept> {
  const sources = extractPrograms(reply);
  if (sources.length === 0) return 'noProgram';
  const checker = await sandbox();
  for (const source of sources) {
    if (!(await checker.check(source)).ok) continue;
    const sha256 = createHash('sha256').update(source).digest('hex');
    await blobs.put(source);
    return { program: { id: 'adapted', sha256 }, source, reasoning: reasoningIn(reply) };
  }
  return 'badProgram';
}
