-- Records as they are, without putting right what has run out.
-- ARGV  now, agents...
-- Returns the records of those that exist, as JSON.
local records = {}
for i = 2, #ARGV do
  local r = load(ARGV[i])
  if r then
    records[#records + 1] = '[' .. record(r) .. ']'
  end
end
return '[' .. table.concat(records, ',') .. ']'
