/** Kills a worker before and after each write of a run, resumes the run in another process, and compares. */
import { setTimeout as sleep } from 'node:timers/promises';
import { forEachAtOnce } from '../../../activities/mas/for-each-at-once.ts';
import type { Database } from '../../../activities/storage/tables.ts';
import type { Behaviour, FakeOpenAi, ReceivedRequest } from '../fake-openai.ts';
import { type Mode, openStore, programCalls, runInterrupted, type Store } from './interrupted-program.ts';
import { type Point, samePoint } from './store-operations.ts';
import { runVictim } from './victim.ts';

export interface KillRow extends Point {
  readonly mode: Mode;
  /** False when writes that share a commit left that run without this one. */
  readonly died: boolean;
  /** LLM calls whose reply was on record at the death. */
  readonly finished: number;
  /** Of these, requests that the model received again. */
  readonly finishedAgain: number;
  /** Calls in flight at the death that were made a second time. */
  readonly inFlightAgain: number;
  /** A call made a second time had its first idempotency key. */
  readonly sameKeys: boolean;
  readonly sameAnswer: boolean;
  readonly divergences: number;
}

export interface KillOptions {
  readonly store: Store;
  readonly database: Database;
  readonly llm: FakeOpenAi;
  readonly note?: (text: string) => void;
}

/** Replies depend on the prompt alone, and take 0 to 40 ms by it. */
export function behaveLikeAModel(llm: FakeOpenAi): void {
  llm.behave(modelReply);
}

export function modelReply({ body }: ReceivedRequest): Behaviour {
  const prompt = body.messages.at(-1)?.content ?? '';
  const hash = [...prompt].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0, 7);
  return { type: 'answer', text: `r${hash.toString(36)}`, delayMs: hash % 40 };
}

/** `which` chooses among the points that an undisturbed run passes. */
export async function killAtEveryWrite(
  mode: Mode,
  options: KillOptions,
  which: (points: readonly Point[]) => readonly Point[] = (points) => points,
): Promise<KillRow[]> {
  const { store, database, llm, note } = options;
  const baseUrl = llm.baseUrl;
  behaveLikeAModel(llm);
  const reference = { mode, baseUrl, tenant: `${mode}-undisturbed` };
  const undisturbed = await runVictim({ store, program: reference, death: null });
  await using services = await openStore(store);
  const expected = await runInterrupted(services, reference);
  if (expected.status !== 'answered' || promptsOf(llm, reference.tenant).length !== programCalls.llm)
    throw new Error(`the undisturbed run is not as it should be: ${expected.failure?.message}`);

  const rows: KillRow[] = [];
  const points = which(undisturbed.points);
  await forEachAtOnce(points, 2, new AbortController().signal, async (death) => {
    const { side, operation, nth } = death;
    const program = { mode, baseUrl, tenant: `${mode}-${side}-${operation}-${nth}` };
    const { died } = await runVictim({ store, program, death });
    // What the dead process had sent has arrived by now.
    await sleep(50);
    const finished = await finishedPrompts(database, program.tenant);
    const before = promptsOf(llm, program.tenant).length;
    const resumed = await runInterrupted(services, program);
    const after = promptsOf(llm, program.tenant).slice(before);
    rows.push({
      ...{ mode, ...death, died },
      finished: finished.size,
      finishedAgain: after.filter((prompt) => finished.has(prompt)).length,
      inFlightAgain: before + after.length - programCalls.llm,
      sameKeys: keysOf(llm, program.tenant).size === programCalls.llm,
      sameAnswer: resumed.status === 'answered' && resumed.answer === expected.answer,
      divergences: resumed.divergences,
    });
    note?.(`${rows.length} of ${points.length} in ${mode} mode: ${side} ${operation} ${nth}`);
  });
  return rows.toSorted((a, b) => points.findIndex(isPointOf(a)) - points.findIndex(isPointOf(b)));
}

/** The first and the last write of each kind, on both sides. */
export function firstAndLast(points: readonly Point[]): readonly Point[] {
  const last = new Map(points.map(({ operation, nth }) => [operation, nth]));
  return points.filter(({ operation, nth }) => nth === 1 || nth === last.get(operation));
}

/** One row of a Markdown table per kind of write and side. */
export function killTable(rows: readonly KillRow[]): string {
  const groups = new Map<string, KillRow[]>();
  for (const row of rows.filter(({ died }) => died)) {
    const name = `${row.mode} | ${row.side} ${row.operation}`;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  const sum = (group: readonly KillRow[], pick: (row: KillRow) => number): number =>
    group.reduce((total, row) => total + pick(row), 0);
  const lines = [...groups].map(([name, group]) =>
    [
      `| ${name}`,
      group.length,
      group.filter(({ sameAnswer }) => sameAnswer).length,
      sum(group, ({ finished }) => finished),
      sum(group, ({ finishedAgain }) => finishedAgain),
      sum(group, ({ inFlightAgain }) => inFlightAgain),
      `${sum(group, ({ divergences }) => divergences)} |`,
    ].join(' | '),
  );
  return [
    '| mode | killed | times | same answer | calls finished | of these repeated | in flight repeated | divergences |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

const isPointOf = (row: Point) => (point: Point) => samePoint(point, row);

function requestsOf(llm: FakeOpenAi, tenant: string): ReceivedRequest[] {
  return llm.requests.filter(({ path }) => path.split('/').includes(tenant));
}

function promptsOf(llm: FakeOpenAi, tenant: string): string[] {
  return requestsOf(llm, tenant).map(({ body }) => body.messages.at(-1)?.content ?? '');
}

function keysOf(llm: FakeOpenAi, tenant: string): Set<string | undefined> {
  return new Set(requestsOf(llm, tenant).map(({ idempotencyKey }) => idempotencyKey));
}

async function finishedPrompts(database: Database, tenant: string): Promise<Set<string>> {
  const rows = await database
    .selectFrom('llm_calls')
    .select('request')
    .where('tenant', '=', tenant)
    .where('state', '=', 'done')
    .execute();
  return new Set(rows.map(({ request }) => promptOf(request)));
}

function promptOf(request: unknown): string {
  const { messages } = (typeof request === 'string' ? JSON.parse(request) : request) as {
    messages: { content: string }[];
  };
  return messages.at(-1)?.content ?? '';
}
