/** A MAS program and the limits, calls and outcome of running it on one query: the words that activities and workflows share. */
import { z } from 'zod';
import { nameSchema, sha256Schema } from './names.ts';

/** A program by content: `id` is for people (a pool program's name, or `generated`), `sha256` addresses the source blob. */
export const programRefSchema = z.object({ id: nameSchema, sha256: sha256Schema });
export type ProgramRef = z.infer<typeof programRefSchema>;

/**
 * Of one program on one query: every step of a ladder begins with all of them. A limit that is hit ends the program with a
 * named failure kind, and the ladder goes on. What a query may use in all, generation and every step included, is its run's
 * `maxTokens` and `maxCostUsd`: once those are spent the ladder ends.
 */
export const limitsSchema = z.object({
  /** Wall clock while no host call is outstanding. */
  computeMs: z.number().int().positive().max(600_000).default(30_000),
  /** Wall clock in all. */
  totalMs: z
    .number()
    .int()
    .positive()
    .max(24 * 3_600_000)
    .default(3_600_000),
  maxCalls: z.number().int().positive().max(10_000).default(200),
  /** Calls beyond it wait for their turn. */
  maxConcurrentCalls: z.number().int().positive().max(64).default(16),
  /** Executions of code under test. */
  maxCodeRuns: z.number().int().nonnegative().max(1_000).default(50),
  /** In and out together, replies that were on record included; never passed. Absent: the run's budget alone. */
  maxTokens: z.number().int().positive().optional(),
  maxCostUsd: z.number().positive().optional(),
});
export type Limits = z.infer<typeof limitsSchema>;

/** Why a program ended without an answer. A program that fails is data, never an exception. */
export const programFailureKinds = [
  'syntax', // the source does not parse
  'shape', // no class MAS, two of them, wrong __init__ or forward
  'raised', // an exception left forward(), __init__ or the module body
  'noAnswer', // forward() returned None, not a string, or a blank one
  'exited', // the process ended itself or was killed by its own act
  'answerTooLarge',
  'computeLimit',
  'totalLimit',
  'memoryLimit',
  'callLimit',
  'codeLimit',
  'tokenLimit',
  'costLimit',
  'protocol', // forged or malformed frames
  'badCall', // a call the host refuses: prompt too large, temperature out of range
] as const;
export type ProgramFailureKind = (typeof programFailureKinds)[number];

export type ProgramOutcome =
  | { readonly status: 'answered'; readonly answer: string; readonly stdout: string }
  | {
      readonly status: 'failed';
      readonly kind: ProgramFailureKind;
      readonly message: string;
      readonly stdout: string;
    };

/** A host call: what the guest asks of the host. `lineage` names the calling thread ("0", "0.3"). */
export const hostCallSchema = z.discriminatedUnion('method', [
  z.object({
    method: z.literal('chat'),
    args: z.object({
      messages: z
        .array(
          z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string().max(1024 * 1024) }),
        )
        .min(1)
        .max(256),
      temperature: z.number().min(0).max(2),
      maxTokens: z.number().int().positive().max(2048),
    }),
  }),
  /** Runs code under test apart; the answer is the text that `execute_code` returns. */
  z.object({
    method: z.literal('executeCode'),
    args: z.object({ code: z.string().max(1024 * 1024), timeoutS: z.number().positive().max(120) }),
  }),
  z.object({
    method: z.literal('testCode'),
    args: z.object({
      code: z.string().max(1024 * 1024),
      tests: z.array(z.string().max(64 * 1024)).max(1_000),
      timeoutS: z.number().positive().max(120),
    }),
  }),
  z.object({ method: z.literal('websearch'), args: z.object({ query: z.string().max(8_192) }) }),
]);
export type HostCall = z.infer<typeof hostCallSchema>;

/** What the host answers: JSON the guest library understands, or an error that the library raises as `CallFailed`. */
export type HostReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: { readonly type: string; readonly message: string } };
