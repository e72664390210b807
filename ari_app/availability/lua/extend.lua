-- The agent's wrap-up becomes longer, but lasts no longer than until a given time.
-- ARGV  now, agent, by how much, until when at most
-- Returns their record, or false for an unknown agent; one who is not in wrap-up is as before.
local r = current(ARGV[2])
if not r then
  return false
end
if r.activity == 'wrap_up' then
  local due = string.format('%.0f', math.min(tonumber(r.due) + tonumber(ARGV[3]), tonumber(ARGV[4])))
  if tonumber(due) > tonumber(r.due) then
    r.due = due
    commit(r, now)
  end
end
publish()
return '[' .. record(r) .. ']'
