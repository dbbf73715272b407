-- Reads what was added to a sorted set of records (a metric with its points) since the last look, without reading the set from its start:
-- new members nearly always have the highest scores (epochs, steps). If some were added below, the number of members there has changed.
--
-- KEYS[1] the sorted set: <prefix><parent>:…
-- KEYS[2] the parent: <its prefix><parent>
-- ARGV[1] score up to which everything is known, with a parenthesis for 'not itself' ('-inf' at first)
-- ARGV[2] how many members had a lower score
-- ARGV[3] how many members were taken already, from that score on
-- ARGV[4] how many members are wanted at the most
-- ARGV[5] how many are read at once at first: Redis does not tell how long a member is before it is read
-- ARGV[6] most bytes to return: reading stops after the member that reaches it
-- ARGV[7] most bytes of one member
-- ARGV[8] the parent's field with its creation time
-- Result: nil                                    no such key
--         type                                   another type than a sorted set
--         {created, known, score, below, step, member…}
--           created  creation time of the parent (nil: no such parent)
--           known    1: the members are those from ARGV[1] on; 0: the number of members below does not match, read from the start
--           step     0: there are no more members; else what ARGV[5] should be next time
--           member   a member, or a number: the bytes of a member that is too long
--           score    the score of the last member returned
--           below    how many members have a lower score than that
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return false end
if kind ~= 'zset' then return kind end
local created = redis.pcall('HGET', KEYS[2], ARGV[8])
if type(created) ~= 'string' or #created > 64 then created = false end
local low = ARGV[1]
if low ~= '-inf' and redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. low) ~= tonumber(ARGV[2]) then
  return { created, 0, '-inf', 0, 0 }
end
local taken, wanted, step, budget, limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local result, count, last = { created, 1, low, 0, 0 }, 0, nil
while count < wanted and budget > 0 do
  local asked = math.min(step, wanted - count)
  local members = redis.call('ZRANGE', KEYS[1], low, '+inf', 'BYSCORE', 'LIMIT', taken + count, asked)
  local largest = 1024
  for i = 1, #members do
    local member = members[i]
    local bytes = #member
    if bytes > largest then largest = bytes end
    result[5 + count + i] = bytes > limit and bytes or member
    if bytes <= limit then budget = budget - bytes end
    last = member
  end
  count = count + #members
  -- Read many at once only if the last ones were short.
  step = math.max(1, math.min(step * 10, wanted, math.floor(1048576 / largest)))
  result[5] = #members == asked and step or 0
  if #members < asked then break end
end
if last then
  result[3] = redis.call('ZSCORE', KEYS[1], last)
  result[4] = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. result[3])
end
return result
