-- One script, so that a login with the password before either is ended by it, or finds that it has changed.
-- ARGV  agent, their password ('': none), the token that stays
-- Returns the tokens that are ended.
local P = KEYS[1] .. ':'
local agent, password, but = ARGV[1], ARGV[2], ARGV[3]
if password == '' then
  redis.call('HDEL', P .. 'passwords', agent)
else
  redis.call('HSET', P .. 'passwords', agent, password)
end
local ended = {}
for _, token in ipairs(redis.call('ZRANGE', P .. 'tokens:' .. agent, 0, -1)) do
  if token ~= but and redis.call('DEL', P .. 'token:' .. token) == 1 then
    ended[#ended + 1] = token
  end
end
return ended
