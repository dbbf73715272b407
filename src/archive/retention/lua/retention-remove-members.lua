-- Removes members of a sorted set that were compared with Postgres, if their parent still is what it was then.
--
-- KEYS[1] the sorted set: <prefix><parent>:…
-- KEYS[2] the parent: <its prefix><parent>
-- ARGV    1 1: all members may go. Redis says then that the key was deleted (`del`), which means in Postgres all rows of that
--           series but those covered by millrace.retention; 0: one member stays
--         2 F, fields of the parent, then for each: its name, its value ('' for what it lacks)
--         then score and member of each
-- Result: how many were removed
local F = tonumber(ARGV[2])
for at = 3, 2 + 2 * F, 2 do
  if (redis.pcall('HGET', KEYS[2], ARGV[at]) or '') ~= ARGV[at + 1] then return 0 end
end
local going = {}
for at = 3 + 2 * F, #ARGV, 2 do
  if redis.pcall('ZSCORE', KEYS[1], ARGV[at + 1]) == ARGV[at] then going[#going + 1] = ARGV[at + 1] end
end
if #going == 0 then return 0 end
if ARGV[1] ~= '1' and redis.call('ZCARD', KEYS[1]) == #going then going[#going] = nil end
-- More values at once do not fit on Lua's stack.
for from = 1, #going, 1000 do
  redis.call('ZREM', KEYS[1], unpack(going, from, math.min(from + 999, #going)))
end
return #going
