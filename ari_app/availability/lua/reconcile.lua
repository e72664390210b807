-- What calls make of these agents, after reconciliation: whatever else is kept of them an earlier incarnation left.
-- ARGV  now, requests whose answer is still waited for (separated by blanks), then for each agent: agent, activity
--       ('' for none), call ('' for none)
local awaited = {}
for request in string.gmatch(ARGV[2], '%S+') do
  awaited[request] = true
end
for i = 3, #ARGV, 3 do
  local r = current(ARGV[i])
  if r then
    if ARGV[i + 1] ~= '' then
      take(r, ARGV[i + 1], ARGV[i + 2], '')
    elseif not (r.activity == 'reserved' and awaited[r.request]) then
      release(r, '', '0')
    end
  end
end
publish()
