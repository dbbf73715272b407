-- Reads points of a metric, together with what tells whether its run is over.
--
-- KEYS[1] aidb:metric:<run>:<name>:<split>
-- KEYS[2] aidb:run:<run>
-- ARGV[1] how many points to pass over
-- ARGV[2] how many to read
-- Result: nil (no such sorted set), or {started_at, status, completed_at, card, member, score, …}; '' for what the run lacks
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then return false end
local card = redis.call('ZCARD', KEYS[1])
local run = redis.pcall('HMGET', KEYS[2], 'started_at', 'status', 'completed_at')
if run.err then run = {} end
local result = {run[1] or '', run[2] or '', run[3] or '', card}
local from = tonumber(ARGV[1])
for _, text in ipairs(redis.call('ZRANGE', KEYS[1], from, from + ARGV[2] - 1, 'WITHSCORES')) do result[#result + 1] = text end
return result
