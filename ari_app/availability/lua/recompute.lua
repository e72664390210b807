-- Compares what is derived (sets, due times, requests) with the agents' own records, and puts right what differs.
-- ARGV  now, step, ...
--   agents  agents
--   sets    names of sets, a skill's with its level
--   rest
-- Returns the differences found, one line each.
local step = ARGV[2]
local found = {}

local function differs(what, is, ought)
  found[#found + 1] = what .. ' is ' .. tostring(is) .. ', ought to be ' .. tostring(ought)
end

local function is_in(r, set)
  for name in string.gmatch(r.sets, SET) do
    if name == set then
      return true
    end
  end
  return false
end

if step == 'agents' then
  for i = 3, #ARGV do
    local agent = ARGV[i]
    local r = load(agent)
    if not r then
      differs('agents: ' .. agent, 'listed', 'absent')
      call('SREM', P .. 'agents', agent)
    else
      local free = available(r)
      if r.free ~= free then
        differs('agent:' .. agent .. ': free', r.free, free)
        r.free = free
        call('HSET', P .. 'agent:' .. agent, 'free', free and 1 or 0)
      end
      for name, place in string.gmatch(r.sets, SET) do
        local is = call('ZSCORE', FREE .. name, agent)
        local ought = free and score(r, place)
        if is ~= ought then
          differs(name .. ': ' .. agent, is, ought)
          if ought then
            call('ZADD', FREE .. name, ought, agent)
          else
            call('ZREM', FREE .. name, agent)
          end
          touched[name] = true
        end
      end
      local due = call('ZSCORE', P .. 'due', agent) or '0'
      if due ~= r.due then
        differs('due: ' .. agent, due, r.due)
        if r.due ~= '0' then
          call('ZADD', P .. 'due', r.due, agent)
        else
          call('ZREM', P .. 'due', agent)
        end
      end
      if r.request ~= '' then
        local holder = call('HGET', P .. 'requests', r.request)
        if holder ~= agent then
          differs('requests: ' .. r.request, holder, agent)
          call('HSET', P .. 'requests', r.request, agent)
        end
      end
    end
  end
elseif step == 'sets' then
  for i = 3, #ARGV do
    local name = ARGV[i]
    for _, agent in ipairs(call('ZRANGE', FREE .. name, 0, -1)) do
      local r = load(agent)
      if not (r and available(r) and is_in(r, name)) then
        differs(name .. ': ' .. agent, 'in', 'out')
        call('ZREM', FREE .. name, agent)
        touched[name] = true
      end
    end
  end
else
  local requests = call('HGETALL', P .. 'requests')
  for i = 1, #requests, 2 do
    local r = load(requests[i + 1])
    if not r or r.request ~= requests[i] then
      differs('requests: ' .. requests[i], requests[i + 1], nil)
      call('HDEL', P .. 'requests', requests[i])
    end
  end
  for _, agent in ipairs(call('ZRANGE', P .. 'due', 0, -1)) do
    if call('EXISTS', P .. 'agent:' .. agent) == 0 then
      differs('due: ' .. agent, 'listed', 'absent')
      call('ZREM', P .. 'due', agent)
    end
  end
end
publish()
return found
