-- Ends what has run out, at most SETTLE at a time.
-- ARGV  now
-- Returns how many there were, and when the next is due (milliseconds; '' where none is).
local settled = settle()
publish()
local following = call('ZRANGE', P .. 'due', 0, 0, 'WITHSCORES')
return { settled, following[2] or '' }
