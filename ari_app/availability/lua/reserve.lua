-- The best available agent of a target, for one request, until it is taken further or runs out.
-- ARGV  now, request, target without a level, level, when it runs out, excluded agents...
-- Returns their id, or false.
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
for i = 6, #ARGV do
  excluded[ARGV[i]] = true
end

local function take(candidates)
  for _, agent in ipairs(candidates) do
    local r = not excluded[agent] and current(agent)
    if r and r.free then
      r.activity, r.request, r.due, r.call, r.at = 'reserved', request, ARGV[5], '', me
      commit(r, now)
      return agent
    end
  end
  return false
end

-- as many as are excluded and one more: whoever is in a set can be had
local last = tostring(#ARGV - 5)
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
publish()
return got
