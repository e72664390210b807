-- Whether the agent's phone can ring.
-- ARGV  now, agent, 1, 0, or in_use: it can't, for it is in a call of which call control knows nothing
-- Returns 1, or 0 for an unknown agent.
local r = current(ARGV[2])
if not r then
  return 0
end
local reach = ARGV[3]
if r.reach ~= reach then
  r.reach, r.reachable = reach, reach == '1'
  -- a phone that comes and goes must not be the first choice each time it is back
  r.idle = '0'
  commit(r, now)
end
publish()
return 1
