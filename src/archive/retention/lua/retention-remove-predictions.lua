-- Removes predictions, each with its index entry, but only those that are to the byte what was compared with Postgres.
--
-- The hash is left to expire at once, not deleted: Redis would say `del`, and the mirror would take a million deletions by the
-- application down the stream. (It says `del` all the same when a millisecond ends inside PEXPIRE, in Redis 7.0 once in two thousand
-- times: millrace.retention makes sure that nothing comes of it.)
--
-- KEYS  for each: aidb:prediction:<id>, aidb:version:<version>, aidb:idx:predictions:<version>
-- ARGV  for each: id, created_at of the version, number of fields, the fields, their values
-- Result: for each 1 or, if anything has changed, 0
local result = {}
local at = 1
for first = 1, #KEYS, 3 do
  local key, version, index = KEYS[first], KEYS[first + 1], KEYS[first + 2]
  local id, created, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local fields, values = at + 3, at + 3 + count
  at = values + count
  local same = redis.call('TYPE', key).ok == 'hash' and redis.call('HLEN', key) == count and redis.pcall('HGET', version, 'created_at') == created
    and type(redis.pcall('ZSCORE', index, id)) ~= 'table' -- an error: no sorted set
  -- Whatever it has become is not read.
  for i = 1, same and count or 0 do same = same and redis.call('HSTRLEN', key, ARGV[fields + i - 1]) == #ARGV[values + i - 1] end
  if same then
    local now = redis.call('HMGET', key, unpack(ARGV, fields, values - 1))
    for i = 1, count do same = same and now[i] == ARGV[values + i - 1] end
  end
  if same then
    redis.call('ZREM', index, id)
    redis.call('PEXPIRE', key, 1)
  end
  result[#result + 1] = same and 1 or 0
end
return result
