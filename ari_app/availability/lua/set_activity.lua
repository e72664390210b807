-- What calls make of an agent.
-- ARGV  now, agent, activity ('' for none), call ('' for unchanged), when wrap-up ends ('0': none), request ('' for any)
-- Returns 1; 0 where the agent is unknown, or is held by another request than the one given.
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

if activity == '' then
  -- a repeat must not make the wrap-up longer
  if r.activity ~= '' and r.activity ~= 'wrap_up' then
    local of = call_id ~= '' and call_id or r.call
    if r.activity == 'on_call' then
      r.idle = '0'
    end
    set_free_of_calls(r)
    if wrap_up ~= '0' and r.choice ~= 'logged_out' then
      r.activity, r.due, r.call, r.idle = 'wrap_up', wrap_up, of, '0'
    end
    commit(r, now)
  end
else
  local before = { r.activity, r.call, r.request, r.due, r.missed }
  if activity ~= 'reserved' or r.activity ~= 'reserved' then
    r.due = '0'
  end
  if r.activity == '' or r.activity == 'wrap_up' then
    r.call = ''
  end
  r.activity = activity
  if call_id ~= '' then
    r.call = call_id
  end
  if request ~= '' then
    r.request = request
  end
  if activity == 'on_call' then
    r.missed, r.idle = '0', '0'
  end
  if before[1] ~= r.activity or before[2] ~= r.call or before[3] ~= r.request or before[4] ~= r.due
      or before[5] ~= r.missed then
    commit(r, now)
  end
end
publish()
return 1
