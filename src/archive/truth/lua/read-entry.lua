-- Reads single entries of a stream of the user's own. Behind packed-entry.lua.
--
-- KEYS  1 the stream
-- ARGV  behind `rest`: the ids
-- Result: for each id: nil: it is not there (or is no id, or the key holds something else); its bytes, if these are too many; packed
local result = {}
for at = rest + 1, #ARGV do
  local entries = redis.pcall('XRANGE', KEYS[1], ARGV[at], ARGV[at])
  local entry = entries[1]
  result[at - rest] = entry and packed_of(entry[1], entry[2] or {}) or false
end
return result
