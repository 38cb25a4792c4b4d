/**
 * The generator writes a MAS program for a query, or repairs the one it wrote: one call, then extraction and a check of the
 * program's shape. Each outcome, failures included, is stored by content; the same weights are not asked the same twice.
 */
import type { ProgramRef } from '../../workflows/shared/program.ts';
import type { Usage } from '../../workflows/shared/usage.ts';
import type { CallClass, CallService, ChatMessage, ChatReply, ChatRequest } from '../llm/chat.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalHash } from '../storage/canonical-json.ts';
import { toText } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';
import { extractPrograms } from './extract-program.ts';
import { generationMessages, generationSampling, repairMessages } from './prompts/generation.ts';

/** Why a reply holds no program that could run. */
export type GenerationFailureKind =
  | 'noProgram' // no ```python block
  | 'truncated' // the reply ended at the token limit, before the program did
  | 'syntax' // the program does not parse
  | 'shape'; // no class MAS with forward, or two of them

export interface Generation {
  /** Of the row in `generations`. */
  readonly key: string;
  readonly outcome:
    | { readonly status: 'ok'; readonly program: ProgramRef }
    | { readonly status: 'failed'; readonly kind: GenerationFailureKind; readonly message: string };
  readonly usage: Usage;
  readonly simulated: boolean;
}

export interface GenerationSpec {
  readonly tenant: string;
  /** Temporal's, of the run. */
  readonly namespace: string;
  /** KIND/NAME: whose budget pays. */
  readonly run: string;
  readonly query: { readonly id: string; readonly text: string };
  /** A model's name in config. */
  readonly generator: string;
  /** Temperature 0 when absent; the seed counts above 0 only. */
  readonly sampling?: Sampling | undefined;
  readonly callClass: CallClass;
  /** The generation whose program failed, and how. */
  readonly repair?:
    | { readonly generation: string; readonly kind: string; readonly message: string }
    | undefined;
}

export interface Sampling {
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
}

export interface Generator {
  /** Throws `Llm.*`, `Sandbox.*`, `Storage.*` and `Budget.Exceeded`; a useless reply is an outcome. */
  generate(
    spec: GenerationSpec,
    options: { readonly signal: AbortSignal; readonly wait: 'block' | 'yield' },
  ): Promise<Generation>;
  find(key: string): Promise<Generation | null>;
}

export interface GeneratorParts {
  readonly database: Database;
  readonly calls: CallService;
  readonly sandbox: () => Promise<Sandbox>;
  readonly blobs: Blobs;
}

/** Key of the row in `generations` of a first program. */
export function generationKey(
  spec: Pick<GenerationSpec, 'tenant' | 'generator' | 'query' | 'sampling'>,
  identity: { readonly model: string; readonly revision: string },
): string {
  return keyOf(spec, identity, generationMessages(spec.query.text));
}

function keyOf(
  spec: Pick<GenerationSpec, 'tenant' | 'generator' | 'sampling'>,
  identity: { readonly model: string; readonly revision: string },
  messages: readonly ChatMessage[],
): string {
  const { sampling } = spec;
  const request = requestOf(spec, messages);
  const seed = sampling && sampling.temperature > 0 ? [sampling.seed] : [];
  return canonicalHash([spec.tenant, identity.model, identity.revision, request, ...seed]);
}

function requestOf(
  { generator, sampling }: Pick<GenerationSpec, 'generator' | 'sampling'>,
  messages: readonly ChatMessage[],
): ChatRequest {
  const { temperature, maxTokens } = sampling ?? generationSampling;
  return { model: generator, messages, temperature, maxTokens };
}

export const generatedProgramId = 'generated';

export function createGenerator(parts: GeneratorParts): Generator {
  const { database } = parts;

  async function find(key: string): Promise<Generation | null> {
    const row = await database
      .selectFrom('generations')
      .selectAll()
      .where('key', '=', key)
      .executeTakeFirst();
    if (!row) return null;
    const kind = (row.failure_kind ?? 'shape') as GenerationFailureKind;
    const outcome: Generation['outcome'] =
      row.status === 'ok' && row.program_sha256 !== null
        ? { status: 'ok', program: { id: generatedProgramId, sha256: row.program_sha256 } }
        : { status: 'failed', kind, message: row.failure_message ?? messages[kind] };
    const usage = {
      llmCalls: 1,
      tokensIn: row.tokens_in,
      tokensCached: 0,
      tokensOut: row.tokens_out,
      costUsd: row.cost_usd,
    };
    return { key, outcome, usage, simulated: row.simulated };
  }

  async function messagesOf({ query, repair }: GenerationSpec): Promise<ChatMessage[]> {
    if (!repair) return generationMessages(query.text);
    const { reply } = await database
      .selectFrom('generations')
      .select('reply')
      .where('key', '=', repair.generation)
      .executeTakeFirstOrThrow();
    return repairMessages(query.text, reply, repair);
  }

  async function judge(reply: ChatReply): Promise<Generation['outcome']> {
    const sources = extractPrograms(reply.text);
    const sandbox = await parts.sandbox();
    let kind: GenerationFailureKind = 'noProgram';
    let message = messages.noProgram;
    for (const [index, source] of sources.entries()) {
      const check = await sandbox.check(source);
      if (check.ok)
        return { status: 'ok', program: { id: generatedProgramId, sha256: await parts.blobs.put(source) } };
      if (index === 0) ({ kind, message } = check);
    }
    if (reply.finishReason === 'length')
      return { status: 'failed', kind: 'truncated', message: messages.truncated };
    return { status: 'failed', kind, message };
  }

  return {
    find,
    async generate(spec, options) {
      const { tenant, namespace, run, query, generator, callClass } = spec;
      const identity = await parts.calls.identity(generator);
      const messages = await messagesOf(spec);
      const request = requestOf(spec, messages);
      const key = keyOf(spec, identity, messages);
      const stored = await find(key);
      if (stored) return stored;
      const draw = canonicalHash(['generation', key]);
      const call = { tenant, namespace, run, request, draw, callClass };
      const { reply } = await parts.calls.call(call, options);
      const outcome = await judge(reply);
      await database
        .insertInto('generations')
        .values({
          key,
          generator,
          revision: identity.revision,
          query_id: query.id,
          repairs: spec.repair?.generation ?? null,
          status: outcome.status,
          failure_kind: outcome.status === 'failed' ? outcome.kind : null,
          failure_message: outcome.status === 'failed' ? toText(outcome.message) : null,
          program_sha256: outcome.status === 'ok' ? outcome.program.sha256 : null,
          reply: toText(reply.text),
          tokens_in: reply.usage.tokensIn,
          tokens_out: reply.usage.tokensOut,
          cost_usd: reply.costUsd,
          simulated: reply.simulated,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return {
        key,
        outcome,
        usage: { llmCalls: 1, ...reply.usage, costUsd: reply.costUsd },
        simulated: reply.simulated,
      };
    },
  };
}

const messages: Readonly<Record<GenerationFailureKind, string>> = {
  noProgram: 'the reply has no ```python block',
  truncated: 'the reply reached its limit of tokens before the program ended',
  syntax: 'the program does not parse',
  shape:
    'the program needs exactly one class MAS with __init__(self, model_list) and forward(self, taskInfo)',
};
