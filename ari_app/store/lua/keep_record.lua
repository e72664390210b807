-- Of all, and of each agent, the oldest beyond so many are forgotten; a record that is no longer among all is gone for
-- everybody, with what was noted of the call.
-- ARGV  call, record, when it ended, seconds for which it is kept, how many of all, how many of each agent, agents...
local all, ttl = KEYS[1] .. ':history', ARGV[4]
local function record_of(id)
  return KEYS[1] .. ':record:' .. id
end

redis.call('SET', record_of(ARGV[1]), ARGV[2], 'EX', ttl)
redis.call('ZADD', all, ARGV[3], ARGV[1])
redis.call('EXPIRE', all, ttl)
for i = 7, #ARGV do
  local own = all .. ':' .. ARGV[i]
  redis.call('ZADD', own, ARGV[3], ARGV[1])
  redis.call('ZREMRANGEBYRANK', own, 0, -ARGV[6] - 1)
  redis.call('EXPIRE', own, ttl)
end
for _, old in ipairs(redis.call('ZRANGE', all, 0, -ARGV[5] - 1)) do
  redis.call('ZREM', all, old)
  redis.call('DEL', record_of(old), KEYS[1] .. ':notes:' .. old)
end
