-- An agent who is free is kept for a call of their own, so that nobody reserves them as it begins.
-- ARGV  now, agent, request, when that runs out ('0': it is given back, if nothing was made of it)
-- Returns 1; 0 where another Asterisk rings their phone, or is about to.
local r = current(ARGV[2])
local request, due = ARGV[3], ARGV[4]
local kept = r and r.activity == 'reserved' and r.request == request
local answer = 1
if r and due == '0' then
  if kept then
    release(r, '', '0')
  end
elseif kept then
  -- written again, so that waiting for a replica waits for the first time's write too
  call('HSET', P .. 'requests', request, r.agent)
elseif r and of_another(r) and r.activity ~= 'on_call' then
  answer = 0
elseif r and r.free then
  r.activity, r.request, r.due, r.call, r.at = 'reserved', request, due, '', me
  commit(r, now)
end
publish()
return answer
