-- Makes agents and sets what the administrator's file says, in steps that are short enough not to make others wait.
-- ARGV  now, token, step, ...
--   begin   digest, then pairs of a target and its levels in use, highest first ('' but for skills)
--   agents  for each agent: agent, 1 if they have a phone, their sets; choice and reason of those who are new
--   remove  agents
--   finish  digest
-- Returns 1; 0 where there is nothing to do: at begin, because it is so already; later, because another
-- configuration has begun meanwhile, which then has the last word.
local token, step = ARGV[2], ARGV[3]
local config = P .. 'config'

if step == 'begin' then
  if call('HGET', config, 'digest') == ARGV[4] then
    return 0
  end
  call('DEL', P .. 'targets', P .. 'levels', config)
  call('HSET', config, 'token', token)
  for i = 5, #ARGV, 2 do
    call('SADD', P .. 'targets', ARGV[i])
    if ARGV[i + 1] ~= '' then
      call('HSET', P .. 'levels', ARGV[i], ARGV[i + 1])
    end
  end
  return 1
end

if call('HGET', config, 'token') ~= token then
  return 0
end

if step == 'agents' then
  for i = 4, #ARGV, 5 do
    local agent, phone, sets = ARGV[i], ARGV[i + 1] == '1', ARGV[i + 2]
    local r = load(agent)
    if not r then
      call('SADD', P .. 'agents', agent)
      call('HSET', P .. 'agent:' .. agent, 'choice', 'logged_out', 'reason', '', 'activity', '', 'request', '',
        'due', 0, 'call', '', 'reachable', 1, 'missed', 0, 'since', now, 'idle', 0, 'free', 0, 'sets', sets,
        'phone', ARGV[i + 1], 'rev', 0)
      if ARGV[i + 3] ~= 'logged_out' then
        r = load(agent)
        r.choice, r.reason = ARGV[i + 3], ARGV[i + 4]
        commit(r, now)
      end
    elseif r.sets ~= sets or r.phone ~= phone then
      if r.free then
        leave(r)
      end
      -- out of the old sets: `commit` puts them into the new ones
      r.was_free, r.free = false, false
      r.sets, r.phone = sets, phone
      call('HSET', P .. 'agent:' .. agent, 'sets', sets, 'phone', ARGV[i + 1])
      commit(r, now)
    end
  end
elseif step == 'remove' then
  for i = 4, #ARGV do
    local r = load(ARGV[i])
    if r then
      leave(r)
      if r.request ~= '' then
        call('HDEL', P .. 'requests', r.request)
      end
      call('ZREM', P .. 'due', r.agent)
      call('DEL', P .. 'agent:' .. r.agent)
    end
    call('SREM', P .. 'agents', ARGV[i])
  end
elseif step == 'finish' then
  call('HSET', config, 'digest', ARGV[4])
  -- windows read everything anew rather than being notified of each agent and set
  call('PUBLISH', P .. 'changes', '{"s":' .. revision() .. ',"t":' .. now .. ',"resync":true}')
  return 1
end
publish()
return 1
