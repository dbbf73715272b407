-- Reads predictions whole, with the creation times of their versions, all of one moment.
--
-- KEYS  aidb:prediction:<id> of each
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
-- Result: for each record read, in the order of KEYS: nil (no such hash), or {created_at of its version or nil, field, value, …}
local budget = tonumber(ARGV[1])
local records = {}
for index, key in ipairs(KEYS) do
  local fields = redis.pcall('HGETALL', key)
  local record = false
  if not fields.err and #fields > 0 then
    local version
    record = {false}
    for i = 1, #fields, 2 do
      if fields[i] == 'model_version_id' then version = fields[i + 1] end
      record[i + 1], record[i + 2] = fields[i], fields[i + 1]
      budget = budget - #fields[i] - #fields[i + 1]
    end
    local created = version and redis.pcall('HGET', 'aidb:version:' .. version, 'created_at')
    if type(created) == 'string' then record[1] = created end
  end
  records[index] = record
  if budget <= 0 then break end
end
return records
