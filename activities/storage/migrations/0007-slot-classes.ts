/**
 * tables/llm.ts: slots are shared out by class over all processes. Leases are short-lived, so the table starts empty.
 *
 * The rule: a higher class is served whole before a lower one gets anything; within a class, processes share evenly. One
 * exception keeps every class moving: calls of a class that have waited \`p_aging_ms\` in a process without a slot of that class
 * get one slot before everybody else, those that waited longest first.
 */
import { sql } from 'kysely';
import type { Migration } from 'kysely';

export const slotClasses: Migration = {
  async up(database) {
    await sql`drop function llm_slots(text, text, integer, integer, integer, double precision)`.execute(
      database,
    );
    await sql`drop table model_slots`.execute(database);
    await sql`
      create table model_slots (
        model text not null,
        owner text not null,
        slots integer not null,
        wanted integer[] not null,
        aged boolean[] not null,
        rank integer,
        starved_since timestamptz,
        lease_until timestamptz not null,
        primary key (model, owner)
      )`.execute(database);
    await sql.raw(slotsFunction).execute(database);
  },
};

/**
 * llm_slots: a process says, by class, how many slots of a model it uses and wants, and which of its classes have aged.
 * \`granted\` are its own until its lease ends (those in use are never taken away), \`target\` is its fair share, above which
 * it starts nothing new, and \`contended\` says that others wait. Among equals, a process that has none and waits comes
 * before one that asks later.
 */
const slotsFunction = `
create function llm_slots(
  p_model text, p_owner text, p_used integer[], p_wanted integer[], p_aged boolean[], p_max integer, p_lease_ms double precision
) returns table (granted integer, target integer, contended boolean) language plpgsql as $$
declare
  now_at timestamptz;
  since timestamptz;
  in_use integer := 0;
  all_wanted integer := 0;
  mine integer;
  my_rank integer;
  room integer;
  give integer;
  share integer;
  others record;
begin
  perform pg_advisory_xact_lock(hashtextextended('masgpt.slots.' || p_model, 0));
  now_at := clock_timestamp();
  delete from model_slots where model = p_model and lease_until < now_at;
  select coalesce(s.starved_since, now_at) into since from model_slots s where s.model = p_model and s.owner = p_owner;

  for c in reverse cardinality(p_wanted) .. 1 loop
    in_use := in_use + p_used[c];
    all_wanted := all_wanted + p_wanted[c];
    if p_wanted[c] > p_used[c] then my_rank := c; end if;
  end loop;
  if true = any (p_aged) then my_rank := 0; end if;

  select count(*)::integer as aged into others
    from model_slots s, unnest(s.aged) as a (aged) where s.model = p_model and s.owner <> p_owner and a.aged;
  room := greatest(p_max - others.aged, 0);
  target := 0;
  for c in 1 .. cardinality(p_wanted) loop
    if p_aged[c] then target := target + 1; end if;
  end loop;
  target := least(target, p_max);
  room := greatest(room - target, 0);
  for c in 1 .. cardinality(p_wanted) loop
    mine := p_wanted[c] - p_aged[c]::integer;
    select count(*) filter (where s.wanted[c] > 0)::integer as wanting,
        coalesce(sum(s.wanted[c] - s.aged[c]::integer), 0)::integer as wanted
      into others from model_slots s where s.model = p_model and s.owner <> p_owner;
    give := least(room, mine + others.wanted);
    share := least(mine, greatest(give / (others.wanting + 1), give - others.wanted, least(give, 1)));
    target := target + share;
    room := room - give;
  end loop;

  select coalesce(sum(s.slots), 0)::integer as slots,
      coalesce(bool_or((select sum(w) from unnest(s.wanted) as w) > s.slots), false) as waiting,
      (count(*) filter (where s.rank < my_rank or (s.rank = my_rank and s.starved_since < coalesce(since, now_at))))::integer as earlier
    into others from model_slots s where s.model = p_model and s.owner <> p_owner;
  granted := greatest(in_use, least(target, p_max - others.slots - coalesce(others.earlier, 0)), 0);
  contended := others.waiting;
  if granted = 0 and all_wanted = 0 then
    delete from model_slots where model = p_model and owner = p_owner;
  else
    insert into model_slots as s (model, owner, slots, wanted, aged, rank, starved_since, lease_until)
      values (p_model, p_owner, granted, p_wanted, p_aged, case when granted = 0 then my_rank end,
        case when granted = 0 then coalesce(since, now_at) end, now_at + p_lease_ms * interval '1 ms')
      on conflict (model, owner) do update set slots = excluded.slots, wanted = excluded.wanted, aged = excluded.aged,
        rank = excluded.rank, starved_since = excluded.starved_since, lease_until = excluded.lease_until;
  end if;
  return next;
end $$`;
