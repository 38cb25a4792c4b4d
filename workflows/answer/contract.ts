/** answerQuery: the generator writes a MAS for one query, the MAS runs, the answer comes back. Workflow id: answer/REQUEST. */
import { z } from 'zod';
import type { ProgramRef } from '../shared/program.ts';
import { limitsSchema } from '../shared/program.ts';
import { nameSchema } from '../shared/names.ts';
import { runFields } from '../shared/run-input.ts';
import type { Usage } from '../shared/usage.ts';

export const answerQueryType = 'answerQuery';

export const answerInputSchema = z.strictObject({
  query: z.string().trim().min(1).max(256 * 1024),
  /** A pool program by name; then no program is generated. */
  program: nameSchema.optional(),
  /** A model in config that writes the program; the config's default generator when absent. */
  generator: nameSchema.optional(),
  driver: nameSchema.default('sim-driver'),
  limits: limitsSchema.prefault({}),
  ...runFields,
});
export type AnswerInput = z.infer<typeof answerInputSchema>;
/** What a caller passes: everything but `query` has a default. */
export type AnswerRequest = z.input<typeof answerInputSchema>;

/** Which step of the ladder answered: a chosen or generated program, the fallback program, or one plain call. */
export type AnsweredBy = 'chosen' | 'generated' | 'fallback';

export interface AnswerResult {
  readonly run: string;
  readonly status: 'answered' | 'failed';
  /** The program's answer; empty when `status` is `failed`. */
  readonly answer: string;
  readonly answeredBy: AnsweredBy;
  readonly program: ProgramRef;
  /** Why an earlier step of the ladder did not answer, in order. */
  readonly skipped: readonly { readonly step: AnsweredBy; readonly kind: string; readonly message: string }[];
  readonly usage: Usage;
  /** Blob of the trace: one JSON line per host call. */
  readonly trace: string;
  /** True when any model that took part is simulated. */
  readonly simulated: boolean;
}
