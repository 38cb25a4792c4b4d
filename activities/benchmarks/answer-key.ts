/** Tells the simulated models which queries exist and what is right: the only way into their answer key, behind a token. */
import type { Query } from '../../workflows/shared/query.ts';
import { failure } from '../failure.ts';

export interface AnswerKey {
  /** Adding what is known changes nothing. Throws `Llm.Unavailable` when the simulator does not take it. */
  add(queries: readonly Query[]): Promise<void>;
}

const queriesPerRequest = 500;

/** `root`: the simulator's address without the version path. */
export function createAnswerKey({
  root,
  token,
}: {
  readonly root: string;
  readonly token: string;
}): AnswerKey {
  const post = async (queries: readonly Query[]): Promise<void> => {
    const response = await fetch(`${root}/key`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(queries),
      signal: AbortSignal.timeout(30_000),
    }).catch((error: unknown) => {
      throw failure('Llm.Unavailable', 'the simulated models do not answer: is the stack running?', {
        cause: error,
      });
    });
    if (!response.ok) {
      throw failure('Llm.Unavailable', `the simulator refused the answer key: HTTP ${response.status}`);
    }
  };
  return {
    async add(queries) {
      for (let from = 0; from < queries.length; from += queriesPerRequest)
        await post(queries.slice(from, from + queriesPerRequest));
    },
  };
}
