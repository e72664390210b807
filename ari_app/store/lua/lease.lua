-- Who leads an Asterisk: the lease, which ends by itself, and the fence, the highest number that was ever given.
-- ARGV  step, Asterisk, ...
--   look     milliseconds
--     Returns the highest number (0: none was ever given), and who has the lease: owner and address; 'released' where
--     it was given up, '' where it ended, or nobody knows; and in how many milliseconds it ends (negative: it does not).
--     For so long (0: not) somebody who leads none seeks it.
--   take     owner, address, milliseconds, number that must be surpassed
--     Returns the number; 0 where somebody else has the lease.
--   renew    owner, address, milliseconds, number
--     Returns 1, 2 where it is sought; 0 where a newer one leads. A Redis that has lost what it kept learns it again.
--   release  owner, number
local step, asterisk = ARGV[1], ARGV[2]
local lease, fence = KEYS[1] .. ':lease:' .. asterisk, KEYS[1] .. ':fence:' .. asterisk
local seeks = KEYS[1] .. ':seeks:' .. asterisk

local holder = redis.call('GET', fence)
local highest = holder and tonumber(string.match(holder, '^%d+')) or 0

local function hold(number)
  redis.call('SET', fence, string.format('%d', number) .. ' ' .. ARGV[3])
  redis.call('SET', lease, ARGV[3] .. ' ' .. ARGV[4], 'PX', ARGV[5])
end

if step == 'look' then
  if tonumber(ARGV[3]) > 0 then
    redis.call('SET', seeks, '1', 'PX', ARGV[3])
  end
  return { highest, redis.call('GET', lease) or '', redis.call('PTTL', lease) }
elseif step == 'take' then
  if led(asterisk) then
    return 0
  end
  local number = math.max(highest, tonumber(ARGV[6])) + 1
  hold(number)
  return number
elseif step == 'renew' then
  local number = tonumber(ARGV[6])
  if highest > number or (highest == number and holder ~= ARGV[6] .. ' ' .. ARGV[3]) then
    return 0
  end
  hold(number)
  return 1 + redis.call('EXISTS', seeks)
elseif step == 'release' and holder == ARGV[4] .. ' ' .. ARGV[3] then
  redis.call('SET', lease, RELEASED)
end
