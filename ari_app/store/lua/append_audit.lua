-- One script, so that of two who write at once none breaks the chain: whoever does not know the last line writes nothing.
-- Lines that are too old, or too many, are forgotten from the beginning, and with them the numbers beside them.
-- ARGV  number and hash of the line that is the last for the caller, milliseconds before which lines are too old,
--       how many are kept, then for each line: number, hash, text, numbers
-- Returns number and hash of the line that is the last now.
local key, chain = KEYS[1] .. ':audit', KEYS[1] .. ':audit:chain'
local opened = key .. ':numbers'
local last = redis.call('HMGET', chain, 'number', 'hash')
local number, hash = last[1] or '0', last[2] or ''
if number ~= ARGV[1] or hash ~= ARGV[2] then
  return { number, hash }
end

for i = 5, #ARGV, 4 do
  number, hash = ARGV[i], ARGV[i + 1]
  redis.call('XADD', key, '*', 'number', number, 'hash', hash, 'line', ARGV[i + 2])
  if ARGV[i + 3] ~= '' then
    redis.call('HSET', opened, number, ARGV[i + 3])
  end
end
redis.call('HSET', chain, 'number', number, 'hash', hash)

local function forget(entries)
  for _, entry in ipairs(entries) do
    redis.call('XDEL', key, entry[1])
    redis.call('HDEL', opened, entry[2][2])
    redis.call('HSET', chain, 'begin', entry[2][2], 'begin_hash', entry[2][4])
  end
end

if tonumber(ARGV[3]) > 0 then
  forget(redis.call('XRANGE', key, '-', '(' .. ARGV[3] .. '-0', 'COUNT', 500))
end
local more = redis.call('XLEN', key) - tonumber(ARGV[4])
if more > 0 then
  forget(redis.call('XRANGE', key, '-', '+', 'COUNT', math.min(more, 500)))
end
return { number, hash }
