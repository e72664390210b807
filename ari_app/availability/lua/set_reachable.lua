-- Whether the agent's phone can ring.
-- ARGV  now, agent, 1 or 0
-- Returns 1, or 0 for an unknown agent.
local r = current(ARGV[2])
if not r then
  return 0
end
local reachable = ARGV[3] == '1'
if r.reachable ~= reachable then
  r.reachable = reachable
  -- a phone that comes and goes must not be the first choice each time it is back
  r.idle = '0'
  commit(r, now)
end
publish()
return 1
