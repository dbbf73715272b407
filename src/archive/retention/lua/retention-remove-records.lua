-- Removes records, each with its index entry, but only those that are to the byte what was compared with Postgres.
--
-- The hash is left to expire at once, not deleted: Redis would say `del`, and the mirror would take a million deletions by the
-- application down the stream. (It says `del` all the same when a millisecond ends inside PEXPIRE, in Redis 7.0 once in two thousand
-- times: millrace.retention makes sure that nothing comes of it.)
--
-- KEYS  for each: its own, that of each parent, that of the index if the kind has one
-- ARGV  1 whether the kind has an index (1 or 0)
--       2 P, parents, then the field with the creation time of each
--       then for each: its id, the creation times of its parents ('' for none), number of fields, the fields, their values
-- Result: for each 1 or, if anything has changed, 0
local indexed, P = tonumber(ARGV[1]), tonumber(ARGV[2])
local result = {}
local at = 3 + P
for first = 1, #KEYS, 1 + P + indexed do
  local key, index = KEYS[first], indexed == 1 and KEYS[first + 1 + P]
  local id, count = ARGV[at], tonumber(ARGV[at + 1 + P])
  local fields, values = at + 2 + P, at + 2 + P + count
  local same = redis.call('TYPE', key).ok == 'hash' and redis.call('HLEN', key) == count
    and not (index and type(redis.pcall('ZSCORE', index, id)) == 'table') -- an error: no sorted set
  for i = 1, same and P or 0 do
    same = same and (redis.pcall('HGET', KEYS[first + i], ARGV[2 + i]) or '') == ARGV[at + i]
  end
  at = values + count
  -- Whatever it has become is not read.
  for i = 1, same and count or 0 do same = same and redis.call('HSTRLEN', key, ARGV[fields + i - 1]) == #ARGV[values + i - 1] end
  if same then
    local now = redis.call('HMGET', key, unpack(ARGV, fields, values - 1))
    for i = 1, count do same = same and now[i] == ARGV[values + i - 1] end
  end
  if same then
    if index then redis.call('ZREM', index, id) end
    redis.call('PEXPIRE', key, 1)
  end
  result[#result + 1] = same and 1 or 0
end
return result
