/** The first step of answerQuery: names become contents, so that what is recorded needs no look-up later. */
import { type AnswerInput, answerInputSchema, type AnswerPlan } from '../../workflows/answer/contract.ts';
import type { ProgramRef } from '../../workflows/shared/program.ts';
import type { ResolvedRun, RunIdentity } from '../../workflows/shared/run-input.ts';
import { failure, isFailure } from '../failure.ts';
import type { CallService } from '../llm/chat.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalHash } from '../storage/canonical-json.ts';
import { createResolveInput } from '../storage/resolve-input.ts';
import type { Runs } from '../storage/runs.ts';
import type { Pool, PoolProgram } from './pool.ts';

export interface ResolveAnswerParts {
  readonly runs: Runs;
  readonly blobs: Blobs;
  readonly calls: CallService;
  readonly pool: () => Promise<Pool>;
  /** Model that writes programs when an input names none. */
  readonly generator: string | undefined;
  /** Pool program that answers when generation or the program fails. */
  readonly fallbackProgram: string;
  readonly generation: { readonly temperature: number; readonly maxTokens: number; readonly repair: boolean };
}

/** The last step of the ladder. */
const singleProgram = 'single';

export function createResolveAnswer(parts: ResolveAnswerParts) {
  const resolve = createResolveInput<AnswerInput>({
    kind: 'answer',
    schema: answerInputSchema,
    example: { query: 'What is 17 times 23?' },
    runs: parts.runs,
    async prepare(input) {
      const generator = input.program ? undefined : (input.generator ?? parts.generator);
      await parts.calls.identity(input.driver);
      if (generator) await parts.calls.identity(generator);
      await findProgram(parts, input.program ?? parts.fallbackProgram);
      return generator ? { ...input, generator } : input;
    },
  });

  return async (raw: unknown, identity: RunIdentity): Promise<ResolvedRun<AnswerPlan>> => {
    const run = await resolve(raw, identity);
    const { input } = run;
    const { revision, simulated } = await parts.calls.identity(input.driver);
    const { temperature, maxTokens } = parts.generation;
    const plan: AnswerPlan = {
      query: {
        id: canonicalHash(['answer', input.query]).slice(0, 32),
        sha256: await parts.blobs.put(input.query),
      },
      chosen: input.program ? await storeProgram(parts, input.program) : null,
      generator: input.generator ?? null,
      sampling: { temperature, maxTokens, seed: input.seed },
      repair: input.repair ?? parts.generation.repair,
      fallback: await storeProgram(parts, parts.fallbackProgram),
      single: await storeProgram(parts, singleProgram),
      driver: input.driver,
      revision,
      limits: input.limits,
      seed: input.seed,
      simulated,
    };
    return { ...run, input: plan };
  };
}

async function storeProgram(parts: ResolveAnswerParts, name: string): Promise<ProgramRef> {
  const { id, source } = await findProgram(parts, name);
  return { id, sha256: await parts.blobs.put(source) };
}

async function findProgram({ pool }: ResolveAnswerParts, name: string): Promise<PoolProgram> {
  const programs = await pool();
  try {
    return programs.get(name);
  } catch (error) {
    if (!isFailure(error, 'Input.NotFound')) throw error;
    throw failure('Input.Invalid', `program: ${error.message}`);
  }
}
