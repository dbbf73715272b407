-- Puts whole keys of the user's own back that are not there. What is there stays as it is.
--
-- KEYS  the keys
-- ARGV  1 the type that they have, or types
--       2 the command that writes them: HSET, SET, SADD, ZADD, RPUSH
--       3 1: change nothing, only tell
--       then for each key: how many arguments the command has, and these
-- Result: for each key 1 restored, 2 was there, 4 something of another type is there
local call = redis.call
local RESTORED, THERE, BLOCKED = 1, 2, 4
local wanted, command, look = ARGV[1], ARGV[2], ARGV[3] == '1'
-- More values at once do not fit on Lua's stack. Even, for fields and values come in pairs.
local width = 2000

local results, at = {}, 4
for i, key in ipairs(KEYS) do
  local from, to = at + 1, at + tonumber(ARGV[at])
  at = to + 1
  local held = call('TYPE', key).ok
  if held == 'none' then
    for first = from, look and 0 or to, width do
      call(command, key, unpack(ARGV, first, math.min(first + width - 1, to)))
    end
    results[i] = RESTORED
  else
    results[i] = string.find(wanted, held, 1, true) and THERE or BLOCKED
  end
end
return results
