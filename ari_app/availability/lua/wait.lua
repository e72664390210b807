-- Who waits at this Asterisk.
-- ARGV  now, step, ...
--   leave  the caller
--   all    for each who waits: caller, target without a level, their place
if ARGV[2] == 'leave' then
  leave_queues(ARGV[3])
  return
end
for _, target in ipairs(call('SMEMBERS', QUEUES .. ':' .. me)) do
  call('DEL', QUEUES .. ':' .. me .. ':' .. target)
end
call('DEL', QUEUES .. ':' .. me)
for i = 3, #ARGV, 3 do
  enter_queue(ARGV[i], ARGV[i + 1], ARGV[i + 2])
end
