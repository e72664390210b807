-- Prepended to every script: a controller that does not lead its Asterisk any more changes nothing, whenever it wakes.
--
-- KEYS[1]     the hash tag, `{<prefix>}`: every key begins with it, so all are in one slot of a cluster
-- ARGV[last]  the lease under which the caller writes: Asterisk, number, owner; '' for none, as tests and tools do

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
end
