/** What a run that has ended must not leave behind: calls, reservations, slots, and processes of programs. */
import { readdir, readFile } from 'node:fs/promises';
import type { Database } from '../../activities/storage/tables.ts';
import type { FakeOpenAi } from './fake-openai.ts';

export interface Leftovers {
  /** Requests that the model's server is still working on. */
  readonly requests: number;
  readonly pendingCalls: number;
  readonly reservations: number;
  /** Processes that hold slots of a model. */
  readonly slots: number;
  readonly reservedTokens: number;
}

export const nothingLeft: Leftovers = {
  requests: 0,
  pendingCalls: 0,
  reservations: 0,
  slots: 0,
  reservedTokens: 0,
};

export async function leftovers({
  database,
  llm,
}: {
  readonly database: Database;
  readonly llm: FakeOpenAi;
}): Promise<Leftovers> {
  const [pending, reservations, slots, budgets] = await Promise.all([
    database.selectFrom('llm_calls').select('key').where('state', '=', 'pending').execute(),
    database.selectFrom('budget_reservations').select('id').execute(),
    database.selectFrom('model_slots').select('owner').where('slots', '>', 0).execute(),
    database.selectFrom('budgets').select('reserved_tokens').execute(),
  ]);
  return {
    requests: llm.open(),
    pendingCalls: pending.length,
    reservations: reservations.length,
    slots: slots.length,
    reservedTokens: budgets.reduce((sum, { reserved_tokens: reserved }) => sum + reserved, 0),
  };
}

/** What a sandbox keeps when it is idle: the most processes of several looks, since it refills what it keeps ready. */
export async function idleDescendants(): Promise<number> {
  let most = 0;
  for (let look = 0; look < 6; look += 1) {
    most = Math.max(most, await descendants());
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return most;
}

/** Processes below this one: sandboxes with their programs among them. */
export async function descendants(): Promise<number> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
    if (parent > 0) parents.set(Number(name), parent);
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === process.pid || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow).length;
}
