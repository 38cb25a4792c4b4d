/** A generated problem before it becomes a query. */
import type { Gold } from '../../../workflows/shared/query.ts';

export interface Problem {
  readonly text: string;
  readonly gold: Gold;
  /** What makes it the same problem in other words: decides whether it is for training or for testing. Default: the text. */
  readonly key?: string;
}

export function numberProblem(text: string, value: number): Problem {
  return { text, gold: { kind: 'number', value: String(value) } };
}
