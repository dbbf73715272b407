-- Replaces a value, if it is still what was read.
--   KEYS[1]  the key
--   ARGV[1]  what was read ('' = nothing, no string, or one that is too long)
--   ARGV[2]  the new value
--   ARGV[3]  how many bytes are too long
-- Returns 1 when the value was replaced, else 0. After a lost reply a second call returns 0, and a read finds the new value.
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' or (found and #found >= tonumber(ARGV[3])) then found = '' end
if (found or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
