-- Calls that are over since long, with what was noted of them.
-- ARGV  time before which they ended, how many at most
-- Returns how many they were.
local all = KEYS[1] .. ':history'
local old = redis.call('ZRANGEBYSCORE', all, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, call in ipairs(old) do
  redis.call('ZREM', all, call)
  redis.call('DEL', KEYS[1] .. ':record:' .. call, KEYS[1] .. ':notes:' .. call)
end
return #old
