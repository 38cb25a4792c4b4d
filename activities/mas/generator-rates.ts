/**
 * What became of the programs that each generator wrote: shares of the queries it was asked, over all runs of this database.
 * Read from generations and executions; a program counts as running once one of its executions on that query answered.
 */
import { sql } from 'kysely';
import type { Database } from '../storage/tables.ts';

export interface GeneratorRates {
  /** A model's name in config, and the revision of its weights. */
  readonly generator: string;
  readonly revision: string;
  /** Queries it was asked. */
  readonly asked: number;
  /** Replies that held a program of the unified form. */
  readonly written: number;
  /** Programs that ran to an answer, and programs whose repair did. */
  readonly ran: number;
  readonly repaired: number;
  /** Asked and settled without an answer of the generator's own: the fallback program's queries. */
  readonly fallback: number;
  /** Written, and not executed to an end yet. */
  readonly open: number;
  /** ran / (asked - open), and fallback / (asked - open); null while nothing is settled. */
  readonly executableRate: number | null;
  readonly fallbackRate: number | null;
  /** Of first programs: why none was written, or why it gave no answer. */
  readonly failures: Readonly<Record<string, number>>;
  readonly simulated: boolean;
}

interface Row {
  readonly generator: string;
  readonly revision: string;
  readonly written: boolean;
  readonly simulated: boolean;
  readonly failure_kind: string | null;
  /** Null: not executed to an end. */
  readonly answered: boolean | null;
  readonly repair_answered: boolean | null;
  readonly count: number;
}

/** In order of generator and revision. */
export async function readGeneratorRates(database: Database): Promise<readonly GeneratorRates[]> {
  const { rows } = await sql<Row>`
    with first_programs as (
      select g.*,
        (select bool_or(e.status = 'answered') from executions e
          where e.program_sha256 = g.program_sha256 and e.query_id = g.query_id
          and e.status in ('answered', 'failed')) as answered,
        (select e.failure_kind from executions e
          where e.program_sha256 = g.program_sha256 and e.query_id = g.query_id and e.status = 'failed'
          order by e.started_at limit 1) as run_failure,
        (select bool_or(e.status = 'answered') from generations r
          join executions e on e.program_sha256 = r.program_sha256 and e.query_id = r.query_id
          where r.repairs = g.key) as repair_answered
      from generations g where g.repairs is null)
    select generator, revision, status = 'ok' as written, simulated,
      case when answered then null else coalesce(failure_kind, run_failure) end as failure_kind,
      answered, coalesce(repair_answered, false) as repair_answered, count(*)::integer as count
    from first_programs group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2`.execute(database);
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = JSON.stringify([row.generator, row.revision]);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups.values()].map(ratesOf);
}

function ratesOf(rows: readonly Row[]): GeneratorRates {
  const count = (which: (row: Row) => boolean): number =>
    rows.reduce((sum, row) => sum + (which(row) ? row.count : 0), 0);
  const asked = count(() => true);
  const open = count(({ written, answered }) => written && answered === null);
  const ran = count(({ answered }) => answered === true);
  const repaired = count(({ answered, repair_answered: mended }) => answered !== true && mended === true);
  const fallback = asked - open - ran - repaired;
  const settled = asked - open;
  const failures: Record<string, number> = {};
  for (const { failure_kind: kind, count: times } of rows)
    if (kind !== null) failures[kind] = (failures[kind] ?? 0) + times;
  return {
    generator: rows[0]?.generator ?? '',
    revision: rows[0]?.revision ?? '',
    ...{ asked, written: count(({ written }) => written), ran, repaired, fallback, open },
    executableRate: settled === 0 ? null : ran / settled,
    fallbackRate: settled === 0 ? null : fallback / settled,
    failures,
    simulated: rows.some(({ simulated }) => simulated),
  };
}
