/**
 * The call service's decisions, made where the data is: one round trip begins a batch of calls, one settles it.
 * All take their locks in one order (budgets by run, limits by model, calls by key), so that processes never deadlock.
 */

/**
 * llm_begin: what becomes of each call of a batch (ordered by key).
 * recorded: `reply`; held: another owner's lease ends in `wait_ms`; limited: a token or the end of a pause comes in
 * `wait_ms`; budget: spent; reserved: calls in flight hold what is left of the budget; send: it is ours to send now.
 */
export const beginFunction = `
create function llm_begin(
  p_keys text[], p_owners text[], p_tenants text[], p_runs text[], p_models text[], p_revisions text[],
  p_requests text[], p_simulated boolean[], p_cost numeric[], p_tokens bigint[],
  p_rpm double precision[], p_tpm double precision[], p_lease_ms double precision
) returns table (item integer, status text, reply json, wait_ms double precision, sent integer)
language plpgsql as $$
declare
  lease interval := p_lease_ms * interval '1 ms';
  started timestamptz := clock_timestamp();
  found_state text;
  found_lease timestamptz;
  found_owner text;
begin
  perform 1 from budgets where run = any (p_runs) and (max_cost_usd is not null or max_tokens is not null)
    order by run for update;
  perform 1 from model_limits where model = any (p_models) order by model for update;
  for i in 1 .. cardinality(p_keys) loop
    item := i - 1;
    reply := null;
    wait_ms := 0;
    sent := 0;
    select c.state, c.lease_until, c.owner, c.reply into found_state, found_lease, found_owner, reply
      from llm_calls c where c.key = p_keys[i];
    if found_state = 'done' then
      status := 'recorded';
    elsif found_state = 'pending' and found_owner = p_owners[i] then -- asked again after a lost connection
      status := 'begun';
    elsif found_state = 'pending' and found_lease > started then
      status := 'held';
      wait_ms := extract(epoch from found_lease - started) * 1000;
    else
      status := llm_budget_state(p_runs[i], p_cost[i], p_tokens[i]);
      if status = 'free' then
        wait_ms := llm_take(p_models[i], p_rpm[i], p_tpm[i], p_tokens[i]);
        status := case when wait_ms > 0 then 'limited' else 'send' end;
      end if;
    end if;
    if status = 'send' then
      insert into llm_calls as c (
        key, owner, tenant, run, model, revision, request, simulated, state, lease_until, sends,
        tokens_in, tokens_cached, tokens_out, cost_usd, latency_ms
      ) values (
        p_keys[i], p_owners[i], p_tenants[i], p_runs[i], p_models[i], p_revisions[i], p_requests[i]::json,
        p_simulated[i], 'pending', started + lease, 1, 0, 0, 0, 0, 0
      ) on conflict (key) do update
        set owner = excluded.owner, state = 'pending', lease_until = excluded.lease_until, sends = c.sends + 1
        where c.state = 'failed' or (c.state = 'pending' and c.lease_until <= started)
      returning c.sends into sent;
      if not found then -- another process was faster
        status := 'held';
        wait_ms := 50;
      else
        update budgets set reserved_cost_usd = reserved_cost_usd + p_cost[i], reserved_tokens = reserved_tokens + p_tokens[i]
          where run = p_runs[i] and (max_cost_usd is not null or max_tokens is not null);
        if found then
          insert into budget_reservations (id, run, cost_usd, tokens, lease_until)
            values (p_owners[i], p_runs[i], p_cost[i], p_tokens[i], started + lease);
        end if;
      end if;
    end if;
    if status = 'begun' then status := 'send'; end if;
    return next;
  end loop;
end $$`;

/** llm_budget_state: whether a worst case fits: free, reserved (it may, once calls in flight settle) or budget (never). */
export const budgetStateFunction = `
create function llm_budget_state(p_run text, p_cost numeric, p_tokens bigint) returns text
language plpgsql as $$
declare
  b budgets;
  gone record;
begin
  select * into b from budgets where run = p_run and (max_cost_usd is not null or max_tokens is not null);
  if not found then return 'free'; end if;
  if b.spent_cost_usd + p_cost > b.max_cost_usd or b.spent_tokens + p_tokens > b.max_tokens then return 'budget'; end if;
  if coalesce(b.spent_cost_usd + b.reserved_cost_usd + p_cost <= b.max_cost_usd, true)
    and coalesce(b.spent_tokens + b.reserved_tokens + p_tokens <= b.max_tokens, true) then return 'free'; end if;
  -- A crashed process gives back what it had reserved when its lease ends.
  with expired as (
    delete from budget_reservations where run = p_run and lease_until < clock_timestamp() returning cost_usd, tokens
  ) select coalesce(sum(cost_usd), 0) as cost, coalesce(sum(tokens), 0) as tokens into gone from expired;
  update budgets set reserved_cost_usd = reserved_cost_usd - gone.cost, reserved_tokens = reserved_tokens - gone.tokens
    where run = p_run returning * into b;
  if coalesce(b.spent_cost_usd + b.reserved_cost_usd + p_cost <= b.max_cost_usd, true)
    and coalesce(b.spent_tokens + b.reserved_tokens + p_tokens <= b.max_tokens, true) then return 'free'; end if;
  return 'reserved';
end $$`;

/**
 * llm_take: takes one request and its tokens from the model's buckets; returns 0, or the milliseconds until they are
 * there or a pause ends. A bucket holds ten seconds' worth, so that no minute sees much more than the rate.
 */
export const takeFunction = `
create function llm_take(p_model text, p_rpm double precision, p_tpm double precision, p_tokens bigint)
returns double precision language plpgsql as $$
declare
  m model_limits;
  now_at timestamptz := clock_timestamp();
  requests_room double precision := greatest(1, p_rpm / 6);
  tokens_room double precision := greatest(1, p_tpm / 6);
  seconds double precision;
  need double precision;
  wait_s double precision;
begin
  if p_rpm is not null or p_tpm is not null then
    insert into model_limits (model, requests_level, tokens_level, refilled_at)
      values (p_model, coalesce(requests_room, 0), coalesce(tokens_room, 0), now_at) on conflict do nothing;
  end if;
  select * into m from model_limits where model = p_model for update;
  if not found then return 0; end if;
  if m.paused_until > now_at then return extract(epoch from m.paused_until - now_at) * 1000; end if;
  if p_rpm is null and p_tpm is null then return 0; end if;
  seconds := greatest(0, extract(epoch from now_at - m.refilled_at));
  m.requests_level := least(coalesce(requests_room, 0), m.requests_level + seconds * coalesce(p_rpm, 0) / 60);
  m.tokens_level := least(coalesce(tokens_room, 0), m.tokens_level + seconds * coalesce(p_tpm, 0) / 60);
  need := least(p_tokens, tokens_room);
  wait_s := greatest(
    coalesce((1 - m.requests_level) / p_rpm * 60, 0),
    coalesce((need - m.tokens_level) / p_tpm * 60, 0), 0);
  if wait_s <= 0 then
    m.requests_level := m.requests_level - case when p_rpm is null then 0 else 1 end;
    m.tokens_level := m.tokens_level - coalesce(need, 0);
  end if;
  update model_limits set requests_level = m.requests_level, tokens_level = m.tokens_level, refilled_at = now_at
    where model = p_model;
  return ceil(wait_s * 1000);
end $$`;

/**
 * llm_settle: writes what became of a batch of calls that this process sent, charges the runs and frees what was
 * reserved. Only the owner of a pending row may write; repeating a settle changes nothing. `accepted` is false for a
 * stale owner. `p_unsent`: the provider refused before working, so the sending does not count.
 */
export const settleFunction = `
create function llm_settle(
  p_keys text[], p_owners text[], p_runs text[], p_models text[], p_replies text[], p_unsent boolean[],
  p_tokens_in bigint[], p_tokens_cached bigint[], p_tokens_out bigint[], p_cost numeric[], p_latency_ms double precision[],
  p_simulated boolean[], p_refund double precision[], p_pause_ms double precision[]
) returns table (item integer, accepted boolean) language plpgsql as $$
declare
  now_at timestamptz := clock_timestamp();
  changed text[];
begin
  perform 1 from budgets where run = any (p_runs) order by run for update;
  perform 1 from model_limits where model = any (p_models) order by model for update;
  perform 1 from llm_calls where key = any (p_keys) order by key for update;

  with given as (
    select * from unnest(p_keys, p_owners, p_replies, p_unsent, p_tokens_in, p_tokens_cached, p_tokens_out, p_cost,
      p_latency_ms, p_simulated)
      as g (key, owner, reply, unsent, tokens_in, tokens_cached, tokens_out, cost_usd, latency_ms, simulated)
  ), updated as (
    update llm_calls c set
      state = case when g.reply is null then 'failed' else 'done' end,
      reply = g.reply::json,
      sends = c.sends - g.unsent::integer,
      lease_until = now_at,
      tokens_in = g.tokens_in, tokens_cached = g.tokens_cached, tokens_out = g.tokens_out, cost_usd = g.cost_usd,
      latency_ms = g.latency_ms, simulated = c.simulated or g.simulated, done_at = now_at
    from given g where c.key = g.key and c.owner = g.owner and c.state = 'pending'
    returning c.owner
  ) select coalesce(array_agg(owner), '{}') into changed from updated;

  with released as (
    delete from budget_reservations where id = any (p_owners) returning id, run, cost_usd, tokens
  ), charged as (
    -- A stale owner's call was paid for too: its reservation tells that it is not charged yet.
    select g.run, sum(g.cost_usd) as cost, sum(g.tokens) as tokens
      from unnest(p_owners, p_runs, p_cost, p_tokens_in, p_tokens_out) as x (owner, run, cost_usd, tokens_in, tokens_out)
      cross join lateral (select x.run, x.cost_usd, x.tokens_in + x.tokens_out as tokens) g
      where x.owner = any (changed) or exists (select 1 from released r where r.id = x.owner)
      group by g.run
  ), freed as (
    select run, sum(cost_usd) as cost, sum(tokens) as tokens from released group by run
  )
  update budgets b set
    spent_cost_usd = b.spent_cost_usd + coalesce(c.cost, 0),
    spent_tokens = b.spent_tokens + coalesce(c.tokens, 0),
    reserved_cost_usd = b.reserved_cost_usd - coalesce(f.cost, 0),
    reserved_tokens = b.reserved_tokens - coalesce(f.tokens, 0)
  from charged c full join freed f on f.run = c.run where b.run = coalesce(c.run, f.run);

  if exists (select 1 from unnest(p_refund, p_pause_ms) as g (refund, pause) where g.refund <> 0 or g.pause > 0) then
    insert into model_limits as m (model, requests_level, tokens_level, refilled_at, paused_until)
      select g.model, 0, 0, now_at, now_at + max(g.pause) * interval '1 ms'
        from unnest(p_models, p_refund, p_pause_ms) as g (model, refund, pause)
        where g.refund <> 0 or g.pause > 0 group by g.model order by g.model
      on conflict (model) do update set paused_until = greatest(m.paused_until, excluded.paused_until);
    update model_limits m set tokens_level = m.tokens_level + g.refund
      from (select u.model, sum(u.refund) as refund from unnest(p_models, p_refund) as u (model, refund) group by u.model) g
      where m.model = g.model and g.refund <> 0;
  end if;

  return query select g.n::integer - 1, coalesce(c.owner = g.owner and c.state <> 'pending', false)
    from unnest(p_keys, p_owners) with ordinality as g (key, owner, n) left join llm_calls c on c.key = g.key;
end $$`;

/**
 * llm_slots: a process says how many slots of a model it uses and wants. `granted` are its own until its lease ends (those
 * in use are never taken away), `target` is its fair share, above which it starts nothing new, and `contended` says that
 * others wait. A process that has none and waits comes before one that asks later.
 */
export const slotsFunction = `
create function llm_slots(
  p_model text, p_owner text, p_in_use integer, p_wanted integer, p_max integer, p_lease_ms double precision
) returns table (granted integer, target integer, contended boolean) language plpgsql as $$
declare
  now_at timestamptz;
  since timestamptz;
  others record;
begin
  perform pg_advisory_xact_lock(hashtextextended('masgpt.slots.' || p_model, 0));
  now_at := clock_timestamp();
  delete from model_slots where model = p_model and lease_until < now_at;
  select coalesce(s.starved_since, now_at) into since from model_slots s where s.model = p_model and s.owner = p_owner;
  select count(*) filter (where wanted > 0) as wanting, coalesce(sum(slots), 0)::integer as slots,
      coalesce(sum(wanted), 0)::integer as wanted, coalesce(bool_or(wanted > slots), false) as waiting,
      (count(*) filter (where starved_since < coalesce(since, now_at)))::integer as earlier
    into others from model_slots where model = p_model and owner <> p_owner;
  target := least(p_wanted, greatest(p_max / (others.wanting + 1), p_max - others.wanted, 1)::integer);
  granted := greatest(p_in_use, least(target, p_max - others.slots - others.earlier), 0);
  contended := others.waiting;
  if granted = 0 and p_wanted = 0 then
    delete from model_slots where model = p_model and owner = p_owner;
  else
    insert into model_slots as s (model, owner, slots, wanted, starved_since, lease_until)
      values (p_model, p_owner, granted, p_wanted, case when granted = 0 then coalesce(since, now_at) end,
        now_at + p_lease_ms * interval '1 ms')
      on conflict (model, owner) do update set slots = excluded.slots, wanted = excluded.wanted,
        starved_since = excluded.starved_since, lease_until = excluded.lease_until;
  end if;
  return next;
end $$`;
