/** What a row of the tables in this folder says: a program that floods, forges, crashes or never ends, and what it must come to. */
import type { Limits, ProgramFailureKind } from '../../../../workflows/shared/program.ts';
import { programOf } from '../../../support/sandbox.ts';

export interface Disruption {
  readonly name: string;
  /** Body of forward, or a whole source. */
  readonly body?: string;
  readonly source?: string;
  /** The body uses the functions of programs/forge.py. */
  readonly forge?: boolean;
  readonly limits?: Partial<Limits>;
  /** How it may fail; together with `answer`, either. */
  readonly kind?: ProgramFailureKind | readonly ProgramFailureKind[];
  readonly message?: RegExp;
  readonly answer?: RegExp;
  /** Calls stay open. */
  readonly unanswered?: boolean;
}

/** A program that answers. */
export const healthy = programOf("return 'healthy ' + self.llm.call_llm('program')");

/** Compute time for those that never end. */
export const quick = { computeMs: 700 };
