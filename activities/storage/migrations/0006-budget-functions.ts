/**
 * The call service's decisions about budgets, made where the data is. A call is admitted only if every level of its run's
 * chain has room; it is reserved at every level before it is sent, and charged to every level after.
 * All take their locks in one order (budgets by level, limits by model, calls by key), so that processes never deadlock.
 */

/** llm_budget_chain: the levels that pay for a run's call. A run that nobody claimed is paid for by its tenant. */
export const chainFunction = `
create function llm_budget_chain(p_level text, p_tenant text) returns text[] language sql stable as $$
  select coalesce(
    (select array[level] || above from budgets where level = p_level), array['tenant/' || p_tenant])
$$`;

/**
 * llm_budget_state: whether a worst case fits at every level: free, reserved (it may, once calls in flight settle) or
 * budget (never). \`spent\`: the level that has no room, and its figures.
 */
export const budgetStateFunction = `
create function llm_budget_state(
  p_chain text[], p_cost numeric, p_tokens bigint, out state text, out spent json
) language plpgsql as $$
declare
  today date := (clock_timestamp() at time zone 'utc')::date;
  one text;
  b budgets;
  gone record;
begin
  state := 'free';
  foreach one in array p_chain loop
    select * into b from budgets where level = one and (max_cost_usd is not null or max_tokens is not null);
    continue when not found;
    if b.period = 'day' and b.period_start < today then
      update budgets set spent_cost_usd = 0, spent_tokens = 0, period_start = today where level = one returning * into b;
    end if;
    if b.spent_cost_usd + p_cost > b.max_cost_usd or b.spent_tokens + p_tokens > b.max_tokens then
      state := 'budget';
    elsif coalesce(b.spent_cost_usd + b.reserved_cost_usd + p_cost <= b.max_cost_usd, true)
      and coalesce(b.spent_tokens + b.reserved_tokens + p_tokens <= b.max_tokens, true) then continue;
    else
      -- A crashed process gives back what it had reserved when its lease ends.
      with expired as (
        delete from budget_reservations where level = one and lease_until < clock_timestamp() returning cost_usd, tokens
      ) select coalesce(sum(cost_usd), 0) as cost, coalesce(sum(tokens), 0) as tokens into gone from expired;
      update budgets set reserved_cost_usd = reserved_cost_usd - gone.cost, reserved_tokens = reserved_tokens - gone.tokens
        where level = one returning * into b;
      continue when coalesce(b.spent_cost_usd + b.reserved_cost_usd + p_cost <= b.max_cost_usd, true)
        and coalesce(b.spent_tokens + b.reserved_tokens + p_tokens <= b.max_tokens, true);
      state := 'reserved';
    end if;
    spent := json_build_object('level', one, 'period', b.period,
      'maxCostUsd', b.max_cost_usd, 'costUsd', b.spent_cost_usd, 'maxTokens', b.max_tokens, 'tokens', b.spent_tokens);
    -- A level above may be spent for good.
    exit when state = 'budget';
  end loop;
end $$`;

/**
 * llm_begin: what becomes of each call of a batch (ordered by key).
 * recorded: \`reply\`; held: another owner's lease ends in \`wait_ms\`; limited: a token or the end of a pause comes in
 * \`wait_ms\`; budget: a level is spent; reserved: calls in flight hold what is left of it; send: it is ours to send now.
 */
export const beginFunction = `
create function llm_begin(
  p_keys text[], p_owners text[], p_tenants text[], p_runs text[], p_levels text[], p_models text[], p_revisions text[],
  p_requests text[], p_simulated boolean[], p_cost numeric[], p_tokens bigint[],
  p_rpm double precision[], p_tpm double precision[], p_lease_ms double precision
) returns table (item integer, status text, reply json, wait_ms double precision, sent integer, spent json)
language plpgsql as $$
declare
  lease interval := p_lease_ms * interval '1 ms';
  started timestamptz := clock_timestamp();
  found_state text;
  found_lease timestamptz;
  found_owner text;
  chain text[];
  verdict record;
begin
  perform 1 from budgets b
    where b.level in (
        select unnest(llm_budget_chain(g.level, g.tenant))
          from (select distinct u.level, u.tenant from unnest(p_levels, p_tenants) as u (level, tenant)) g)
      and (b.max_cost_usd is not null or b.max_tokens is not null)
    order by b.level for update;
  perform 1 from model_limits where model = any (p_models) order by model for update;
  for i in 1 .. cardinality(p_keys) loop
    item := i - 1;
    reply := null;
    spent := null;
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
      chain := llm_budget_chain(p_levels[i], p_tenants[i]);
      select * into verdict from llm_budget_state(chain, p_cost[i], p_tokens[i]);
      status := verdict.state;
      spent := verdict.spent;
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
        with held as (
          update budgets b set reserved_cost_usd = b.reserved_cost_usd + p_cost[i],
              reserved_tokens = b.reserved_tokens + p_tokens[i]
            where b.level = any (chain) and (b.max_cost_usd is not null or b.max_tokens is not null)
            returning b.level
        ) insert into budget_reservations (id, level, cost_usd, tokens, lease_until)
          select p_owners[i], held.level, p_cost[i], p_tokens[i], started + lease from held;
      end if;
    end if;
    if status = 'begun' then status := 'send'; end if;
    return next;
  end loop;
end $$`;

/**
 * llm_settle: writes what became of a batch of calls that this process sent, charges every level of their chains and frees
 * what was reserved. Only the owner of a pending row may write; repeating a settle changes nothing. \`accepted\` is false
 * for a stale owner. \`p_unsent\`: the provider refused before working, so the sending does not count.
 */
export const settleFunction = `
create function llm_settle(
  p_keys text[], p_owners text[], p_tenants text[], p_levels text[], p_models text[], p_replies text[], p_unsent boolean[],
  p_tokens_in bigint[], p_tokens_cached bigint[], p_tokens_out bigint[], p_cost numeric[], p_latency_ms double precision[],
  p_simulated boolean[], p_refund double precision[], p_pause_ms double precision[]
) returns table (item integer, accepted boolean) language plpgsql as $$
declare
  now_at timestamptz := clock_timestamp();
  today date := (clock_timestamp() at time zone 'utc')::date;
  changed text[];
begin
  perform 1 from budgets b
    where b.level in (
        select unnest(llm_budget_chain(g.level, g.tenant))
          from (select distinct u.level, u.tenant from unnest(p_levels, p_tenants) as u (level, tenant)) g)
      or b.level in (select r.level from budget_reservations r where r.id = any (p_owners))
    order by b.level for update;
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
    delete from budget_reservations where id = any (p_owners) returning id, level, cost_usd, tokens
  ), charged as (
    -- A stale owner's call was paid for too: its reservation tells that it is not charged yet.
    select c.level, sum(x.cost_usd) as cost, sum(x.tokens_in + x.tokens_out) as tokens
      from unnest(p_owners, p_levels, p_tenants, p_cost, p_tokens_in, p_tokens_out)
        as x (owner, level, tenant, cost_usd, tokens_in, tokens_out)
      cross join lateral unnest(llm_budget_chain(x.level, x.tenant)) as c (level)
      where x.owner = any (changed) or exists (select 1 from released r where r.id = x.owner)
      group by c.level
  ), freed as (
    select r.level, sum(r.cost_usd) as cost, sum(r.tokens) as tokens from released r group by r.level
  )
  update budgets b set
    spent_cost_usd = case when b.period = 'day' and b.period_start < today then 0 else b.spent_cost_usd end
      + coalesce(c.cost, 0),
    spent_tokens = case when b.period = 'day' and b.period_start < today then 0 else b.spent_tokens end
      + coalesce(c.tokens, 0),
    period_start = case when b.period = 'day' then today else b.period_start end,
    reserved_cost_usd = b.reserved_cost_usd - coalesce(f.cost, 0),
    reserved_tokens = b.reserved_tokens - coalesce(f.tokens, 0)
  from charged c full join freed f on f.level = c.level where b.level = coalesce(c.level, f.level);

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
