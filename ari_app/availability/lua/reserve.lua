-- The best available agent of a target, for one request, until it is taken further or runs out.
-- ARGV  now, request, target without a level, level, when it runs out, the caller who waits and their place in the queue
--       ('' where nobody does), excluded agents...
-- Returns their id, or false; with `>` before it that of one who is free for callers who come first elsewhere.
local request, target, level = ARGV[2], ARGV[3], tonumber(ARGV[4])
settle()

local held = call('HGET', P .. 'requests', request)
if held then
  local r = current(held)
  if r and r.request == request then
    -- written again, so that waiting for a replica waits for the first time's write too, whichever connection that was on
    call('HSET', P .. 'requests', request, held)
    publish()
    return held
  end
end

local excluded = {}
for i = 8, #ARGV do
  excluded[ARGV[i]] = true
end

-- who waits at other Asterisks, and came before: so many agents are theirs
local caller, place = ARGV[6], ARGV[7]
local owed, first_owed = 0, false
if caller ~= '' then
  owed = math.min(before_me(target, place), SETTLE)
end

local function take(candidates)
  for _, agent in ipairs(candidates) do
    local r = not excluded[agent] and current(agent)
    if r and r.free and owed > 0 then
      owed, first_owed = owed - 1, first_owed or agent
    elseif r and r.free then
      r.activity, r.request, r.due, r.call, r.at = 'reserved', request, ARGV[5], '', me
      commit(r, now)
      return agent
    end
  end
  return false
end

-- as many as are excluded, or theirs, and one more: whoever is in a set can be had
local last = tostring(#ARGV - 7 + owed)
local kind, id = string.match(target, '^(%a+):(.*)')
local got = false
if kind == 'agent' then
  got = take({ id })
elseif kind == 'skill' then
  for text in levels_of(target) do
    if got or tonumber(text) < level then
      break
    end
    got = take(call('ZRANGE', FREE .. target .. '=' .. text, '0', last))
  end
else
  got = take(call('ZRANGE', FREE .. target, '0', last))
end
if caller ~= '' then
  -- whoever has refused somebody lets the others go first until they may have them again
  if got or next(excluded) then
    leave_queues(caller)
  else
    enter_queue(caller, target, place)
  end
end
publish()
return got or (first_owed and '>' .. first_owed)
