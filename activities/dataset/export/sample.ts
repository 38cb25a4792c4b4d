/** A sample of the dataset: what its row says, and where everything in it comes from. */
import type { SplitName } from '../../../workflows/dataset/export-contract.ts';
import type { ProgramRef } from '../../../workflows/shared/program.ts';
import type { Query } from '../../../workflows/shared/query.ts';
import { generationMessages } from '../../mas/prompts/generation.ts';
import type { FinalQuery } from '../selection.ts';

export interface Message {
  readonly role: string;
  readonly content: string;
}

export interface Sample {
  readonly query: Query;
  readonly split: SplitName;
  /** Id of the first query of its near-duplicate cluster. */
  readonly cluster: string;
  /** Of the selection. */
  readonly group: string;
  readonly base: ProgramRef;
  /** Mean over the repeats, 0 to 1. */
  readonly baseScore: number;
  readonly final: NonNullable<FinalQuery['final']>;
  /** Why the base program stands; null for an adapted one. */
  readonly kept: FinalQuery['kept'];
  /** What refinement recorded besides. */
  readonly notes: Readonly<Record<string, unknown>>;
  /** Source of the final program. */
  readonly program: string;
  /** Keys of the executions whose scores are `baseScore` and `final.score`. */
  readonly executions: { readonly base: readonly string[]; readonly final: readonly string[] };
}

/** The messages that a generator is asked with. */
export function promptOf(query: Pick<Query, 'text'>): Message[] {
  return generationMessages(query.text).map(({ role, content }) => ({ role, content: wellFormed(content) }));
}

/** What a generator answers: reasoning, then the program in a block. */
export function completionOf(program: string, reasoning = ''): Message[] {
  return [{ role: 'assistant', content: wellFormed(responseOf(program, reasoning)) }];
}

export function responseOf(program: string, reasoning: string): string {
  return `${reasoning === '' ? '' : `${reasoning}\n\n`}\`\`\`python\n${program.trimEnd()}\n\`\`\``;
}

/** Lone surrogates become U+FFFD: readers of JSON lines and parquet refuse a whole file for one. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
