-- What calls make of an agent.
-- ARGV  now, agent, activity ('' for none), call ('' for unchanged), when wrap-up ends ('0': none), request ('' for any)
-- Returns 1; 0 where the agent is unknown, or is held by another request than the one given, or by any where none is.
local r = current(ARGV[2])
if not r then
  return 0
end
local activity, call_id, wrap_up, request = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if request ~= '' and r.request ~= request then
  -- somebody free may still be taken, unless their place was given to another meanwhile
  if activity == '' or r.activity ~= '' or call('HEXISTS', P .. 'requests', request) == 1 then
    publish()
    return 0
  end
end

-- the end of a call, late or once more: the reservation is newer, and its caller is about to ring them
if activity == '' and request == '' and r.activity == 'reserved' and not of_another(r) then
  publish()
  return 0
end

if activity == '' then
  release(r, call_id, wrap_up)
else
  take(r, activity, call_id, request)
end
publish()
return 1
