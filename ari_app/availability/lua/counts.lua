-- The sizes of the sets that targets consist of.
-- ARGV  now, targets without a level...
-- Returns the number of the last change and [set, available] for each set, as JSON.
local counts = {}
for i = 2, #ARGV do
  local target = ARGV[i]
  if string.find(target, 'skill:', 1, true) == 1 then
    for level in levels_of(target) do
      count(counts, target .. '=' .. level)
    end
  else
    count(counts, target)
  end
end
return '[' .. (call('GET', P .. 'seq') or '0') .. ',[' .. table.concat(counts, ',') .. ']]'
