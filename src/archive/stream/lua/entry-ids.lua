-- Ids of entries of the stream, without their contents, which may have any size.
--
-- KEYS  1 the stream
-- ARGV  1 XRANGE or XREVRANGE
--       2, 3 from and to, as these take them
--       4 how many at the most
--       5 nodes of the stream to look at for what it takes (0: all)
--       6 bytes that it may take: contents are read all the same, inside Redis
-- Result: the ids; or the error HEAVY
local key = KEYS[1]
local memory = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', ARGV[5])
if type(memory) == 'number' and memory > tonumber(ARGV[6]) then return redis.error_reply('HEAVY ' .. memory) end
local ids = {}
for i, entry in ipairs(redis.call(ARGV[1], key, ARGV[2], ARGV[3], 'COUNT', ARGV[4])) do ids[i] = entry[1] end
return ids
