-- Compares keys with what they should hold, inside Redis: no value leaves it. Begins with held.lua. Reads only.
--
-- ARGV  1 what the keys hold: string, hash, set or zset
--       2 their lifetime in milliseconds; 0: none; -1: any
--       3 the wanted values, packed (see valuesIn)
--       4 the keys, packed
-- Result: a letter for each key: a (absent), o (of another type), s (same), d (different, if only in its lifetime)
local letters = {absent = 'a', other = 'o', same = 's', different = 'd'}
local kind, lifetime, values, keys = ARGV[1], tonumber(ARGV[2]), valuesIn(ARGV[1], ARGV[3]), cmsgpack.unpack(ARGV[4])
local result = {}
for i, value in ipairs(values) do
  local key = keys[i]
  local state
  if nothing(value) then
    local found = redis.call('TYPE', key).ok
    state = found == 'none' and 'absent' or found == kind and 'different' or 'other'
  else
    state = examine(kind, key, value)
    if state == 'same' and not livesAsLong(key, lifetime) then state = 'different' end
  end
  result[i] = letters[state]
end
return table.concat(result)
