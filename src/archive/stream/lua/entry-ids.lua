-- Ids of entries of the stream, without their contents, which may have any size.
--
-- ARGV  1 XRANGE or XREVRANGE
--       2, 3 from and to, as these take them
--       4 how many at the most
--       5 nodes of the stream to look at, to estimate its size (0: all)
--       6 bytes that the stream may take, for the contents are read all the same, inside Redis
--       7 the stream: as a key it would have to be granted for writing
-- Result: the ids; or the error HEAVY
local key = ARGV[7]
local memory = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', ARGV[5])
if type(memory) == 'number' and memory > tonumber(ARGV[6]) then return redis.error_reply('HEAVY ' .. memory) end
local ids = {}
for i, entry in ipairs(redis.call(ARGV[1], key, ARGV[2], ARGV[3], 'COUNT', ARGV[4])) do ids[i] = entry[1] end
return ids
