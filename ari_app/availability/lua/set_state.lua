-- What the person chooses. In a call it takes effect after it; in wrap-up it ends the wrap-up.
-- ARGV  now, agent, choice, reason
-- Returns their record, or false for an unknown agent.
local r = current(ARGV[2])
if not r then
  return false
end
local choice, reason = ARGV[3], ARGV[4]
local different = false
if r.activity == 'wrap_up' then
  set_free_of_calls(r)
  different = true
end
if choice == 'ready' and r.missed ~= '0' then
  r.missed = '0'
  different = true
end
if r.choice ~= choice or r.reason ~= reason then
  r.choice, r.reason = choice, reason
  if choice ~= 'ready' then
    r.idle = '0'
  end
  different = true
end
if different then
  commit(r, now)
end
publish()
return '[' .. record(r) .. ']'
