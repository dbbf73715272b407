-- Reads single entries of a stream of the user's own. Behind packed-entry.lua.
--
-- KEYS  1 the stream
-- ARGV  behind `rest`: the ids; + for the last one
-- Result: for each id: nil: it is not there (or is no id, or the key holds something else); its bytes, if these are too many; packed
local result = {}
for at = rest + 1, #ARGV do
  local id = ARGV[at]
  local entries = id == '+' and redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1) or redis.pcall('XRANGE', KEYS[1], id, id)
  local entry = entries[1]
  result[at - rest] = entry and packed_of(entry[1], entry[2] or {}) or false
end
return result
