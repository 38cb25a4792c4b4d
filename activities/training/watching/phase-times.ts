/**
 * How long the phases of a recipe take on this host, across its runs: what a deadline is made of. In memory while a watch
 * lasts, in PostgreSQL between them; the latest 256 of each phase, so that neither grows. A sample may be kept twice when a
 * watch is lost: it is a true one both times.
 */
import { sql } from 'kysely';
import type { Database } from '../../storage/tables.ts';
import type { TrainerEvent } from './event.ts';
import { warmUpSteps } from './rank-view.ts';

export const keptSamples = 256;
/** Fewer do not make a deadline. */
export const enoughSamples = 20;

/** Phases as the protocol names them, `train` = one step; others are not kept, as their names are foreign. */
const phases = new Set([
  ...['import', 'loadModel', 'loadData', 'resume', 'compile', 'train', 'eval', 'save', 'finish'],
]);

export interface PhaseTimes {
  /** 99th percentile in seconds and how many samples it is of. */
  p99(phase: string): { readonly seconds: number; readonly samples: number };
  /** An event of rank 0, in order; `ownSteps` before it. */
  feel(event: TrainerEvent, ownSteps: number, nowMs: number): void;
  /** Since the last call. */
  fresh(): ReadonlyMap<string, readonly number[]>;
}

export function createPhaseTimes(known: ReadonlyMap<string, readonly number[]>): PhaseTimes {
  const samples = new Map([...known].map(([phase, seconds]) => [phase, [...seconds]]));
  let unsaved = new Map<string, number[]>();
  const found = new Map<string, ReturnType<PhaseTimes['p99']>>();
  let begun: { readonly phase: string; readonly atMs: number } | undefined;
  const add = (phase: string, seconds: number): void => {
    if (!phases.has(phase)) return;
    found.delete(phase);
    push(samples, phase, seconds);
    push(unsaved, phase, seconds);
  };
  return {
    p99(phase) {
      const known = found.get(phase) ?? percentile(samples.get(phase) ?? []);
      found.set(phase, known);
      return known;
    },
    feel(event, ownSteps, nowMs) {
      if (event.ev === 'step' && ownSteps >= warmUpSteps && event.stepS !== undefined)
        add('train', event.stepS);
      if (event.ev !== 'phase' || event.phase === 'train') return;
      if (event.edge === 'begin') begun = { phase: event.phase, atMs: nowMs };
      // Only what this watch saw begin was measured by its clock.
      if (event.edge !== 'end' || begun?.phase !== event.phase) return;
      add(event.phase, event.durS ?? (nowMs - begun.atMs) / 1000);
      begun = undefined;
    },
    fresh() {
      const told = unsaved;
      unsaved = new Map();
      return told;
    },
  };
}

function percentile(samples: readonly number[]): ReturnType<PhaseTimes['p99']> {
  const sorted = samples.slice(-keptSamples).toSorted((a, b) => a - b);
  return { seconds: sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0, samples: sorted.length };
}

function push(samples: Map<string, number[]>, phase: string, seconds: number): void {
  const kept = samples.get(phase) ?? [];
  kept.push(seconds);
  if (kept.length > 2 * keptSamples) kept.splice(0, kept.length - keptSamples);
  samples.set(phase, kept);
}

export interface PhaseTimesOf {
  readonly recipeSha256: string;
  readonly host: string;
}

export async function loadPhaseTimes(
  database: Database,
  { recipeSha256, host }: PhaseTimesOf,
): Promise<Map<string, readonly number[]>> {
  const rows = await database
    .selectFrom('training_phase_times')
    .select(['phase', 'seconds'])
    .where('recipe_sha256', '=', recipeSha256)
    .where('host', '=', host)
    .execute();
  return new Map(rows.map(({ phase, seconds }) => [phase, seconds]));
}

const keptRows = 10_000;
const keptDays = 180;

/** Adds samples and lets old ones go; rows that nobody has touched for half a year go, too. */
export async function savePhaseTimes(
  database: Database,
  { recipeSha256, host }: PhaseTimesOf,
  fresh: ReadonlyMap<string, readonly number[]>,
): Promise<void> {
  for (const [phase, seconds] of [...fresh].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const latest = seconds.slice(-keptSamples);
    if (latest.length === 0) continue;
    await sql`
      insert into training_phase_times as t (recipe_sha256, host, phase, seconds)
      values (${recipeSha256}, ${host}, ${phase}, ${latest})
      on conflict (recipe_sha256, host, phase) do update set
        seconds = (t.seconds || excluded.seconds)[
          greatest(1, cardinality(t.seconds) + cardinality(excluded.seconds) - ${keptSamples - 1}::int) :],
        updated_at = now()`.execute(database);
  }
}

export async function sweepPhaseTimes(database: Database): Promise<void> {
  await sql`
    delete from training_phase_times
    where updated_at < now() - make_interval(days => ${keptDays}::int)
      or updated_at < (select updated_at from training_phase_times
        order by updated_at desc offset ${keptRows}::int limit 1)`.execute(database);
}
