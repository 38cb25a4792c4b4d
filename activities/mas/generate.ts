/**
 * The generator writes a MAS program for a query: one call at temperature 0, then extraction and a check of the program's
 * shape. Each outcome, failures included, is stored by content; the same question to the same weights is not asked twice.
 */
import type { ProgramRef } from '../../workflows/shared/program.ts';
import type { Usage } from '../../workflows/shared/usage.ts';
import type { CallClass, CallService, ChatReply } from '../llm/chat.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalHash } from '../storage/canonical-json.ts';
import { toText } from '../storage/encode.ts';
import type { Database } from '../storage/tables.ts';
import { extractPrograms } from './extract-program.ts';
import { generationMessages, generationSampling } from './prompts/generation.ts';

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
  /** KIND/NAME: whose budget pays. */
  readonly run: string;
  readonly query: { readonly id: string; readonly text: string };
  /** A model's name in config. */
  readonly generator: string;
  readonly callClass: CallClass;
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

/** Key of the row in `generations`. */
export function generationKey(
  spec: Pick<GenerationSpec, 'tenant' | 'generator' | 'query'>,
  identity: { readonly model: string; readonly revision: string },
): string {
  return canonicalHash([spec.tenant, identity.model, identity.revision, requestOf(spec)]);
}

function requestOf(spec: Pick<GenerationSpec, 'generator' | 'query'>) {
  return { model: spec.generator, messages: generationMessages(spec.query.text), ...generationSampling };
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
    const outcome =
      row.status === 'ok' && row.program_sha256 !== null
        ? ({ status: 'ok', program: { id: generatedProgramId, sha256: row.program_sha256 } } as const)
        : ({
            status: 'failed',
            kind: (row.failure_kind ?? 'shape') as GenerationFailureKind,
            message: messages[(row.failure_kind ?? 'shape') as GenerationFailureKind],
          } as const);
    const usage = {
      llmCalls: 1,
      tokensIn: row.tokens_in,
      tokensCached: 0,
      tokensOut: row.tokens_out,
      costUsd: row.cost_usd,
    };
    return { key, outcome, usage, simulated: row.simulated };
  }

  async function judge(reply: ChatReply): Promise<Generation['outcome']> {
    const failed = (kind: GenerationFailureKind) =>
      ({ status: 'failed', kind, message: messages[kind] }) as const;
    const sources = extractPrograms(reply.text);
    const sandbox = await parts.sandbox();
    let kind: GenerationFailureKind = 'noProgram';
    for (const [index, source] of sources.entries()) {
      const check = await sandbox.check(source);
      if (check.ok)
        return { status: 'ok', program: { id: generatedProgramId, sha256: await parts.blobs.put(source) } };
      if (index === 0) kind = check.kind;
    }
    return failed(reply.finishReason === 'length' ? 'truncated' : kind);
  }

  return {
    find,
    async generate(spec, options) {
      const { tenant, run, query, generator, callClass } = spec;
      const identity = await parts.calls.identity(generator);
      const request = requestOf(spec);
      const key = generationKey(spec, identity);
      const stored = await find(key);
      if (stored) return stored;
      const draw = canonicalHash(['generation', key]);
      const { reply } = await parts.calls.call({ tenant, run, request, draw, callClass }, options);
      const outcome = await judge(reply);
      await database
        .insertInto('generations')
        .values({
          key,
          generator,
          revision: identity.revision,
          query_id: query.id,
          status: outcome.status,
          failure_kind: outcome.status === 'failed' ? outcome.kind : null,
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
  truncated: `the reply ended after ${generationSampling.maxTokens} tokens, before the program did`,
  syntax: 'the program does not parse',
  shape:
    'the program needs exactly one class MAS with __init__(self, model_list) and forward(self, taskInfo)',
};
