/** The grading port: an answer against a query's gold. */
import type { Query } from '../../workflows/shared/query.ts';

export interface Verdict {
  /** 0 to 1. */
  readonly score: number;
  /** Name and version of the grader that decided: "number/1". */
  readonly grader: string;
  /** What was extracted from the answer; null when nothing was found. */
  readonly extracted: string | null;
  /** One sentence for people. */
  readonly reason: string;
  /** The process of the code under test had a say in the verdict, and may have forged it. */
  readonly inProcess?: boolean;
}

export interface Grading {
  /** Name and version of the grader for this query's kind of gold: stored with the score, so that a new version grades anew. */
  graderOf(query: Query): string;
  /** Never throws for a bad answer; throws `Grader.Failed` or `Sandbox.*` when the grader itself could not work. */
  grade(query: Query, answer: string, signal: AbortSignal): Promise<Verdict>;
}
