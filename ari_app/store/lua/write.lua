-- Several commands at once, all of them or none: for each the number of its words, then the words.
-- Returns their answers.
local answers = {}
local i = 1
while i <= #ARGV do
  local words = tonumber(ARGV[i])
  answers[#answers + 1] = redis.call(unpack(ARGV, i + 1, i + words))
  i = i + 1 + words
end
return answers
