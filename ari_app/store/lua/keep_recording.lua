-- Beyond so many the oldest are forgotten.
-- ARGV  recording, what is known of it, when it was begun, how many are kept, of which list
local order = KEYS[1] .. ':' .. ARGV[5]
local data = order .. ':data'
redis.call('ZADD', order, ARGV[3], ARGV[1])
redis.call('HSET', data, ARGV[1], ARGV[2])
for _, old in ipairs(redis.call('ZRANGE', order, 0, -ARGV[4] - 1)) do
  redis.call('ZREM', order, old)
  redis.call('HDEL', data, old)
end
