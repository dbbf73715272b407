-- Ids of entries of a stream, without their contents, which may have any size.
--
-- ARGV  1 XRANGE or XREVRANGE
--       2, 3 from and to, as these take them
--       4 how many at the most
-- Result: the ids
local ids = {}
for i, entry in ipairs(redis.call(ARGV[1], 'millrace:changes', ARGV[2], ARGV[3], 'COUNT', ARGV[4])) do ids[i] = entry[1] end
return ids
