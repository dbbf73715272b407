-- Reads what has been added to a metric's sorted set since it was last looked at, without reading it from its start: new points
-- have the highest scores (epochs, steps) nearly always. Were points added below, the number of members there has changed.
--
-- KEYS[1] aidb:metric:<run>:<name>:<split>
-- KEYS[2] aidb:run:<run>
-- ARGV[1] score up to which all is known, with a parenthesis for 'not itself' ('-inf' at first)
-- ARGV[2] how many members were below it
-- ARGV[3] members already taken from there on
-- ARGV[4] members wanted
-- Result: nil                                    no such key
--         type                                   another type than a sorted set
--         {created, known, score, below, member…}
--           created  started_at of the run (nil: no such run)
--           known    1: members are those from ARGV[1] on; 0: the numbers do not match, read from the start
--           score    of the last member returned, below: how many members have a smaller one
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return false end
if kind ~= 'zset' then return kind end
local created = redis.pcall('HGET', KEYS[2], 'started_at')
if type(created) ~= 'string' then created = false end
local low = ARGV[1]
if low ~= '-inf' and redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. low) ~= tonumber(ARGV[2]) then
  return { created, 0, '-inf', 0 }
end
local members = redis.call('ZRANGE', KEYS[1], low, '+inf', 'BYSCORE', 'LIMIT', ARGV[3], ARGV[4])
local result = { created, 1, low, 0 }
if #members > 0 then
  result[3] = redis.call('ZSCORE', KEYS[1], members[#members])
  result[4] = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. result[3])
end
for i = 1, #members do result[4 + i] = members[i] end
return result
