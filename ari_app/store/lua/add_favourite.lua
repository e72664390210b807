-- One script, so that of two who come at once none takes the last place twice, and none moves what is marked.
-- ARGV  key, target, how many there may be, seconds for which they are kept from now on (0: for ever)
local key = ARGV[1]
if redis.call('ZSCORE', key, ARGV[2]) then
  return 1
end
if redis.call('ZCARD', key) >= tonumber(ARGV[3]) then
  return 0
end
local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2] or '0'
redis.call('ZADD', key, tonumber(last) + 1, ARGV[2])
if ARGV[4] ~= '0' then
  redis.call('EXPIRE', key, ARGV[4])
else
  redis.call('PERSIST', key)
end
return 1
