-- Whether the agent's phone can ring, as this Asterisk knows it. It can where each does that is led and knows of it: each
-- notices a little later than the others that it is there, and a caller at any of them may be next.
-- ARGV  now, agent, 1, 0, in_use (it can't, for it is in a call of which call control knows nothing), or unknown
-- Returns 1, or 0 for an unknown agent.
local r = current(ARGV[2])
if not r then
  return 0
end
local said = { [me] = ARGV[3] }
for asterisk, reach in string.gmatch(r.phones, '([^%s=]*)=(%S+)') do
  if asterisk ~= me and led(asterisk) then
    said[asterisk] = reach
  end
end
local WORST = { ['1'] = 1, ['0'] = 2, in_use = 3 }
local reach, names, phones = nil, {}, {}
for asterisk, its in pairs(said) do
  if WORST[its] then
    names[#names + 1] = asterisk
    if not reach or WORST[its] > WORST[reach] then
      reach = its
    end
  end
end
table.sort(names)
for i, asterisk in ipairs(names) do
  phones[i] = asterisk .. '=' .. said[asterisk]
end
-- nobody knows any more: as it was
reach = reach or r.reach
phones = table.concat(phones, ' ')
if r.reach ~= reach then
  r.reach, r.reachable, r.phones = reach, reach == '1', phones
  -- a phone that comes and goes must not be the first choice each time it is back
  r.idle = '0'
  commit(r, now)
elseif r.phones ~= phones then
  call('HSET', P .. 'agent:' .. r.agent, 'phones', phones)
end
publish()
return 1
