-- Prepended to every script: a controller that does not lead its Asterisk any more changes nothing, whenever it wakes.
--
-- Nor does what its leader requested and had no answer to: it may have waited in a network that was cut, or in a Redis
-- that stood still, and would be done after what was requested since.
--
-- KEYS[1]         the hash tag, `{<prefix>}`: every key begins with it, so all are in one slot of a cluster
-- ARGV[last - 1]  the lease under which the caller writes: Asterisk, number, owner; '' for none, as tests and tools do
-- ARGV[last]      whose writes are in order (a name without blanks), and after how many that were not answered this is one

local turn = table.remove(ARGV)
local fence = table.remove(ARGV)
-- whose leader writes; '' where that is nobody
local me = ''
if fence ~= '' then
  local asterisk, holder = string.match(fence, '^(%S+) (.+)$')
  -- not "older than": after a fail-over of Redis a number may have been given away twice
  if redis.call('GET', KEYS[1] .. ':fence:' .. asterisk) ~= holder then
    return redis.error_reply('FENCED another controller leads this Asterisk')
  end
  me = asterisk
  local room, unanswered = string.match(turn, '^(%S+) (%d+)$')
  local key = KEYS[1] .. ':turn:' .. room .. ':' .. asterisk
  local owner, last = string.match(redis.call('GET', key) or '', '^(.+) (%d+)$')
  local highest = owner == holder and tonumber(last) or 0
  if tonumber(unanswered) < highest then
    return redis.error_reply('LATE something else was requested since')
  elseif tonumber(unanswered) > highest then
    redis.call('SET', key, holder .. ' ' .. unanswered)
  end
end

-- A lease that was given up stays, as this word: whoever watches for it need not wait until it would have ended.
local RELEASED = 'released'

-- whether somebody leads this Asterisk
local function led(asterisk)
  local lease = redis.call('GET', KEYS[1] .. ':lease:' .. asterisk)
  return lease and lease ~= RELEASED
end
