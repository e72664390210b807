-- Prepended to every script: how an agent's record, the sets of available agents and the published changes hang
-- together. Whatever changes a record goes through `commit`, so a set can't differ from the records it is made of.
--
-- KEYS[1]  the hash tag, `{<prefix>}`: every key begins with it, so all are in one slot of a cluster
-- ARGV[1]  now, in milliseconds since the epoch, from the caller's clock
--
-- Times stay the text that Redis keeps ('0' for none): formatting numbers is what would cost most here.

local call = redis.call
local P = KEYS[1] .. ':'
local FREE = P .. 'free:'
local now = ARGV[1]

-- What has run out is put right by any script that writes, but never so much at once that others wait for it.
local SETTLE = 100

local seq
-- in the order of the first change; each agent once, as they are in the end
local order, changed = {}, {}
local touched = {}

local function revision()
  if not seq then
    seq = call('INCR', P .. 'seq')
  end
  return seq
end

local function shown(r)
  if r.activity ~= '' then
    return r.activity, ''
  elseif r.choice == 'not_ready' then
    return r.choice, r.reason
  end
  return r.choice, ''
end

local function available(r)
  return r.choice == 'ready' and r.activity == '' and r.phone and r.reachable
end

local function baseline(r)
  r.was_state, r.was_reason = shown(r)
  r.was_free, r.was_idle, r.was_due, r.was_request = r.free, r.idle, r.due, r.request
  return r
end

local function load(agent)
  local v = call('HMGET', P .. 'agent:' .. agent, 'choice', 'reason', 'activity', 'request', 'due', 'call',
    'reachable', 'missed', 'since', 'idle', 'free', 'sets', 'phone', 'rev', 'at', 'also', 'phones')
  if not v[1] then
    return nil
  end
  return baseline({
    agent = agent, choice = v[1], reason = v[2], activity = v[3], request = v[4], due = v[5], call = v[6],
    reach = v[7], reachable = v[7] == '1', missed = v[8], since = v[9], idle = v[10], free = v[11] == '1', sets = v[12],
    phone = v[13] == '1', rev = v[14], at = v[15] or '', also = v[16] or '', phones = v[17] or '',
  })
end

-- An agent's sets are named in their record: "group:front#2 group:support queue:all skill:french=5". For a skill there is
-- one set for each level, so that all are alike: their sizes are the counts, and the first is who is reserved, the
-- longest idle, or, where `#` gives them a place, as the administrator orders them.
local SET = '([^%s#]+)#?(%d*)'

local function score(r, place)
  return place == '' and r.idle or place
end

local function enter(r)
  for name, place in string.gmatch(r.sets, SET) do
    call('ZADD', FREE .. name, score(r, place), r.agent)
    touched[name] = true
  end
end

local function leave(r)
  for name in string.gmatch(r.sets, SET) do
    call('ZREM', FREE .. name, r.agent)
    touched[name] = true
  end
end

local function quoted(text)
  return text == '' and '""' or cjson.encode(text)
end

-- whether the phone can ring: what is kept of it, as it is published
local REACH = { ['1'] = 'true', ['0'] = 'false', in_use = '"in_use"' }

-- as published and read: see wire.py
local function record(r)
  local state, reason = shown(r)
  return quoted(r.agent) .. ',"' .. state .. '",' .. quoted(reason) .. ',' .. r.since .. ',' .. quoted(r.call) .. ','
    .. (r.phone and REACH[r.reach] or 'false') .. ',' .. r.missed .. ',' .. (state == 'wrap_up' and r.due or '0') .. ',"'
    .. r.choice .. '",' .. r.rev .. ',' .. quoted(r.choice == 'not_ready' and r.reason or '')
end

-- Writes the record and all that follows from it. `at` is when it happened: now, or when something ran out.
local function commit(r, at)
  local state, reason = shown(r)
  if state ~= r.was_state or reason ~= r.was_reason then
    r.since = at
  end
  r.free = available(r)
  if r.free and r.idle == '0' then
    r.idle = at
  end
  if r.free and (not r.was_free or r.idle ~= r.was_idle) then
    enter(r)
  elseif r.was_free and not r.free then
    leave(r)
  end
  if r.due ~= r.was_due then
    if r.due ~= '0' then
      call('ZADD', P .. 'due', r.due, r.agent)
    else
      call('ZREM', P .. 'due', r.agent)
    end
  end
  if r.request ~= r.was_request then
    if r.was_request ~= '' then
      call('HDEL', P .. 'requests', r.was_request)
    end
    if r.request ~= '' then
      call('HSET', P .. 'requests', r.request, r.agent)
    end
  end
  r.rev = revision()
  call('HSET', P .. 'agent:' .. r.agent, 'choice', r.choice, 'reason', r.reason, 'activity', r.activity,
    'request', r.request, 'due', r.due, 'call', r.call, 'reachable', r.reach, 'missed', r.missed,
    'since', r.since, 'idle', r.idle, 'free', r.free and '1' or '0', 'rev', r.rev,
    'at', r.at, 'also', r.also, 'phones', r.phones)
  local entry = changed[r.agent]
  if not entry then
    entry = { was_free = r.was_free }
    changed[r.agent] = entry
    order[#order + 1] = entry
  end
  entry.r = r
  baseline(r)
end

-- Several Asterisks may have calls of one agent, each of which knows its own alone. What is shown is the strongest of what
-- they make of the agent, with `at`, the Asterisk whose it is; `also` has the others: "asterisk-b=ringing=<call>".
local RANK = { reserved = 1, ringing = 2, on_call = 3 }

-- An `at` that is empty was written without a lease, or by a version that knew of one Asterisk: it is everybody's.
local function of_another(r)
  return RANK[r.activity] and r.at ~= me and r.at ~= ''
end

local function others(r)
  local held = {}
  for asterisk, activity, call_id in string.gmatch(r.also, '([^%s=]*)=(%a[^%s=]*)=(%S*)') do
    held[asterisk] = { activity, call_id }
  end
  return held
end

-- the strongest, if it is stronger than what is shown; of several the first by name
local function show_strongest(r, held)
  local names, best = {}, nil
  for asterisk in pairs(held) do
    names[#names + 1] = asterisk
  end
  table.sort(names)
  for _, asterisk in ipairs(names) do
    if RANK[held[asterisk][1]] > (RANK[best and held[best][1] or r.activity] or 0) then
      best = asterisk
    end
  end
  if best then
    local was_at, was = r.at, { r.activity, r.call }
    r.at, r.activity, r.call, r.due = best, held[best][1], held[best][2], '0'
    held[best] = nil
    -- whoever talks is reserved no longer
    if was[1] == 'ringing' or was[1] == 'on_call' then
      held[was_at] = was
      names[#names + 1] = was_at
      table.sort(names)
    end
  end
  local also = {}
  for _, asterisk in ipairs(names) do
    if held[asterisk] then
      also[#also + 1] = asterisk .. '=' .. held[asterisk][1] .. '=' .. held[asterisk][2]
    end
  end
  r.also = table.concat(also, ' ')
end

-- what was shown is over: what another Asterisk makes of them is shown, if one has them
local function set_free_of_calls(r)
  local held = others(r)
  r.activity, r.call, r.request, r.due, r.at, r.also = '', '', '', '0', '', ''
  show_strongest(r, held)
end

-- A call has the agent. Empty `call_id` and `request`: as they were.
local function take(r, activity, call_id, request)
  local before = { r.activity, r.call, r.request, r.due, r.missed, r.at, r.also }
  local held = others(r)
  if of_another(r) then
    local mine = held[me]
    held[me] = { activity, call_id == '' and mine and mine[2] or call_id }
  else
    if activity ~= 'reserved' or r.activity ~= 'reserved' then
      r.due = '0'
    end
    if not RANK[r.activity] then
      r.call = ''
    end
    r.activity, r.at = activity, me
    if call_id ~= '' then
      r.call = call_id
    end
    if request ~= '' then
      r.request = request
    end
  end
  show_strongest(r, held)
  if activity == 'on_call' then
    r.missed, r.idle = '0', '0'
  end
  local after = { r.activity, r.call, r.request, r.due, r.missed, r.at, r.also }
  for i = 1, #after do
    if before[i] ~= after[i] then
      commit(r, now)
      return
    end
  end
end

-- No call of this Asterisk has the agent any more; `wrap_up` is when the rest ends that follows ('0': none), unless
-- another has them.
local function release(r, call_id, wrap_up)
  -- a repeat must not make the wrap-up longer
  if not RANK[r.activity] then
    return
  end
  if of_another(r) then
    local held = others(r)
    if held[me] then
      held[me] = nil
      show_strongest(r, held)
      commit(r, now)
    end
    return
  end
  local of = call_id ~= '' and call_id or r.call
  if r.activity == 'on_call' then
    r.idle = '0'
  end
  set_free_of_calls(r)
  if r.activity == '' and wrap_up ~= '0' and r.choice ~= 'logged_out' then
    r.activity, r.due, r.call, r.idle = 'wrap_up', wrap_up, of, '0'
  end
  commit(r, now)
end

-- Callers who wait at each Asterisk, of each target by their places: the first has the lowest.
local QUEUES = P .. 'waiting'

local function leave_queues(caller)
  for _, target in ipairs(call('SMEMBERS', QUEUES .. ':' .. me)) do
    call('ZREM', QUEUES .. ':' .. me .. ':' .. target, caller)
  end
end

local function enter_queue(caller, target, place)
  call('SADD', QUEUES, me)
  call('SADD', QUEUES .. ':' .. me, target)
  call('ZADD', QUEUES .. ':' .. me .. ':' .. target, place, caller)
end

-- how many wait for it at others that are led, and come before this place
local function before_me(target, place)
  local found = 0
  for _, asterisk in ipairs(call('SMEMBERS', QUEUES)) do
    if asterisk ~= me and led(asterisk) then
      found = found + call('ZCOUNT', QUEUES .. ':' .. asterisk .. ':' .. target, '-inf', '(' .. place)
    end
  end
  return found
end

-- A reservation that nobody took further, or a wrap-up: it ended when it was due, not when somebody noticed.
local function elapse(r)
  local at = r.due
  set_free_of_calls(r)
  commit(r, at)
end

local function current(agent)
  local r = load(agent)
  if r and r.due ~= '0' and tonumber(r.due) <= tonumber(now) then
    elapse(r)
  end
  return r
end

local function settle()
  local due = call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', '0', SETTLE)
  for _, agent in ipairs(due) do
    if not current(agent) then
      call('ZREM', P .. 'due', agent)
    end
  end
  return #due
end

-- the levels of a skill that some agent has, highest first
local function levels_of(skill)
  return string.gmatch(call('HGET', P .. 'levels', skill) or '', '%d+')
end

local function count(counts, name)
  counts[#counts + 1] = '["' .. name .. '",' .. call('ZCARD', FREE .. name) .. ']'
end

-- Tells every controller what this script changed: one message, numbered without gaps, so that a lost one is noticed.
local function publish()
  if not seq and next(touched) == nil then
    return
  end
  local agents, counts = {}, {}
  for i, entry in ipairs(order) do
    agents[i] = '[' .. record(entry.r) .. ',' .. tostring(entry.r.free and not entry.was_free) .. ']'
  end
  for name in pairs(touched) do
    count(counts, name)
  end
  call('PUBLISH', P .. 'changes', '{"s":' .. revision() .. ',"t":' .. now .. ',"a":[' .. table.concat(agents, ',')
    .. '],"c":[' .. table.concat(counts, ',') .. ']}')
end
