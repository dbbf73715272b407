-- Reads members of a sorted set, together with what tells whether their parent is over.
--
-- KEYS[1] the sorted set: <prefix><parent>:…
-- KEYS[2] the parent: <its prefix><parent>
-- ARGV[1] how many members to pass over
-- ARGV[2] how many to read, at the most
-- ARGV[3] most bytes to return: reading stops after the member that reaches it
-- ARGV[4] most bytes of one member
-- ARGV[5] … fields of the parent
-- Result: nil (no such sorted set), or {card, value of each field, member, score, …}; '' for what the parent lacks, or what
--         is too long to be that; instead of a member that has too many bytes their number
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then return false end
local longest = 64
local card = redis.call('ZCARD', KEYS[1])
local result = {card}
for at = 5, #ARGV do
  local length = redis.pcall('HSTRLEN', KEYS[2], ARGV[at])
  result[at - 3] = type(length) == 'number' and length <= longest and redis.call('HGET', KEYS[2], ARGV[at]) or ''
end
local from, wanted, budget, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
-- Many at once only where the ones before were short: Redis does not tell how long a member is before it is read.
local read, step = 0, 1
while read < wanted and budget > 0 do
  local asked = math.min(step, wanted - read)
  local members = redis.call('ZRANGE', KEYS[1], from + read, from + read + asked - 1, 'WITHSCORES')
  local largest = 1024
  for at = 1, #members, 2 do
    local bytes = #members[at]
    if bytes > largest then largest = bytes end
    result[#result + 1] = bytes > limit and bytes or members[at]
    result[#result + 1] = members[at + 1]
    if bytes <= limit then budget = budget - bytes end
  end
  read = read + #members / 2
  if #members < 2 * asked then break end
  step = math.max(1, math.min(step * 10, math.floor(1048576 / largest)))
end
return result
