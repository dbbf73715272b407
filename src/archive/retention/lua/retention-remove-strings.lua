-- Removes strings, but only those that are to the byte what was compared with Postgres. They are left to expire at once, for the reasons that
-- retention-remove-records.lua gives.
--
-- KEYS  that of each
-- ARGV  for each what it was
-- Result: for each 1 or, if anything has changed, 0
local result = {}
for index, key in ipairs(KEYS) do
  -- Whatever it has become is not read.
  local same = redis.pcall('STRLEN', key) == #ARGV[index] and redis.call('GET', key) == ARGV[index]
  if same then redis.call('PEXPIRE', key, 1) end
  result[index] = same and 1 or 0
end
return result
