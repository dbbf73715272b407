-- Reads points of a metric, together with what tells whether its run is over.
--
-- KEYS[1] aidb:metric:<run>:<name>:<split>
-- KEYS[2] aidb:run:<run>
-- ARGV[1] how many points to pass over
-- ARGV[2] how many to read, at the most
-- ARGV[3] most bytes to return: reading stops after the point that reaches it
-- ARGV[4] most bytes of one point
-- Result: nil (no such sorted set), or {started_at, status, completed_at, card, member, score, …}; '' for what the run lacks, or what
--         is too long to be that; instead of a member that has too many bytes their number
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then return false end
local longest = 64
local card = redis.call('ZCARD', KEYS[1])
local result = {}
for i, field in ipairs({'started_at', 'status', 'completed_at'}) do
  local length = redis.pcall('HSTRLEN', KEYS[2], field)
  result[i] = type(length) == 'number' and length <= longest and redis.call('HGET', KEYS[2], field) or ''
end
result[4] = card
local from, wanted, budget, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
-- Many at once only where the ones before were short: Redis does not tell how long a member is before it is read.
local read, step = 0, 1
while read < wanted and budget > 0 do
  local asked = math.min(step, wanted - read)
  local points = redis.call('ZRANGE', KEYS[1], from + read, from + read + asked - 1, 'WITHSCORES')
  local largest = 1024
  for at = 1, #points, 2 do
    local bytes = #points[at]
    if bytes > largest then largest = bytes end
    result[#result + 1] = bytes > limit and bytes or points[at]
    result[#result + 1] = points[at + 1]
    if bytes <= limit then budget = budget - bytes end
  end
  read = read + #points / 2
  if #points < 2 * asked then break end
  step = math.max(1, math.min(step * 10, math.floor(1048576 / largest)))
end
return result
