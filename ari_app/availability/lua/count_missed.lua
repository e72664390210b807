-- A call came to nothing at the agent's phone: nobody answered, or it refused. They go to the end of the queue; at the
-- limit they become not ready.
-- ARGV  now, agent, limit (0: none), reason
-- Returns 1, or 0 for an unknown agent.
local r = current(ARGV[2])
if not r then
  return 0
end
local limit = tonumber(ARGV[3])
local missed = tonumber(r.missed) + 1
r.missed, r.idle = tostring(missed), '0'
if limit > 0 and missed >= limit and r.choice == 'ready' then
  r.choice, r.reason = 'not_ready', ARGV[4]
end
commit(r, now)
publish()
return 1
