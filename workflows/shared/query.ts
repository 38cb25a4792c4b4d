/** A query: one task in plain text, with an optional gold answer or tests. The gold never leaves the host side. */
import { z } from 'zod';

/** How an answer is graded, and against what. */
export const goldSchema = z.discriminatedUnion('kind', [
  /** `value` as written upstream ("1,234", "-0.5", "+65.49"); `relativeTolerance` as a fraction; `unit` as LaTeX or text. */
  z.object({
    kind: z.literal('number'),
    value: z.string().min(1),
    unit: z.string().optional(),
    relativeTolerance: z.number().positive().optional(),
  }),
  /** `letter` is the label of the right option; `options` without their labels, in the order shown. */
  z.object({
    kind: z.literal('choice'),
    letter: z.string().regex(/^[A-Z]$/),
    options: z.array(z.string()).min(2).max(26),
  }),
  z.object({ kind: z.literal('latex'), value: z.string().min(1) }),
  /** Python tests. `check`: source that defines `check(candidate)` (HumanEval); `asserts`: one statement per entry (MBPP). */
  z.object({
    kind: z.literal('code'),
    entryPoint: z.string().regex(/^[A-Za-z_]\w*$/),
    form: z.enum(['check', 'asserts']),
    tests: z.array(z.string()).min(1),
    /** Source that precedes the candidate: HumanEval's prompt with imports and helpers. */
    prelude: z.string().default(''),
    /** A right solution where upstream has one; read by the simulator's answer key and by tests only. */
    reference: z.string().optional(),
  }),
  z.object({ kind: z.literal('text'), value: z.string().min(1) }),
  z.object({ kind: z.literal('none') }),
]);
export type Gold = z.infer<typeof goldSchema>;

export const querySchema = z.object({
  /** First 32 hex digits of sha256 over source, text and gold: stable over files and order. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  text: z
    .string()
    .min(1)
    .max(256 * 1024),
  /** The benchmark or file family it comes from: "gsm8k", "humaneval", "generated". */
  source: z.string().min(1),
  /** The upstream's subject, or the kind of generated problem; the default group of dataset selection is (source, subject). */
  subject: z.string().default(''),
  /** The upstream's difficulty, where it gives one: MATH "1" to "5". */
  level: z.string().optional(),
  split: z.string().default(''),
  licence: z.string().default(''),
  gold: goldSchema,
});
export type Query = z.infer<typeof querySchema>;
