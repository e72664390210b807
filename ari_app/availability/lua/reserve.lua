-- The best available agent of a target, for one request, until it is taken further or runs out; several in one go.
-- ARGV  now, then for each: request, target without a level, level, when it runs out, the caller who waits and their
--       place in the queue ('' where nobody does), how many agents are excluded, and these
-- Returns for each their id, or false; with `>` before it that of one who is free for callers who come first elsewhere.

local function held_for(request)
  local held = call('HGET', P .. 'requests', request)
  local r = held and current(held)
  if r and r.request == request then
    -- written again, so that waiting for a replica waits for the first time's write too, whichever connection that was on
    call('HSET', P .. 'requests', request, held)
    return held
  end
end

-- The first of these who is free, and not owed to others: so many are.
local function take_first(candidates, request, due, excluded, owed)
  local first_owed = false
  for _, agent in ipairs(candidates) do
    local r = not excluded[agent] and current(agent)
    if r and r.free and owed > 0 then
      owed, first_owed = owed - 1, first_owed or agent
    elseif r and r.free then
      r.activity, r.request, r.due, r.call, r.at = 'reserved', request, due, '', me
      commit(r, now)
      return agent, owed, first_owed
    end
  end
  return false, owed, first_owed
end

local function reserve(i, excluded, count)
  local request, target, level, due, caller, place = unpack(ARGV, i, i + 5)
  local held = held_for(request)
  if held then
    return held
  end

  -- who waits at other Asterisks, and came before: so many agents are theirs
  local owed, first_owed = 0, false
  if caller ~= '' then
    owed = math.min(before_me(target, place), SETTLE)
  end

  -- as many as are excluded, or theirs, and one more: whoever is in a set can be had
  local last = tostring(count + owed)
  local kind, id = string.match(target, '^(%a+):(.*)')
  local got, of_level = false, nil
  if kind == 'agent' then
    got, owed, first_owed = take_first({ id }, request, due, excluded, owed)
  elseif kind == 'skill' then
    for text in levels_of(target) do
      if got or tonumber(text) < tonumber(level) then
        break
      end
      local candidates = call('ZRANGE', FREE .. target .. '=' .. text, '0', last)
      got, owed, of_level = take_first(candidates, request, due, excluded, owed)
      first_owed = first_owed or of_level
    end
  else
    got, owed, first_owed = take_first(call('ZRANGE', FREE .. target, '0', last), request, due, excluded, owed)
  end
  if caller ~= '' then
    -- whoever has refused somebody lets the others go first until they may have them again
    if got or count > 0 then
      leave_queues(caller)
    else
      enter_queue(caller, target, place)
    end
  end
  return got or (first_owed and '>' .. first_owed)
end

settle()
local answers = {}
local i = 2
while i <= #ARGV do
  local count = tonumber(ARGV[i + 6])
  local excluded = {}
  for j = i + 7, i + 6 + count do
    excluded[ARGV[j]] = true
  end
  answers[#answers + 1] = reserve(i, excluded, count)
  i = i + 7 + count
end
publish()
return answers
