-- Reads predictions whole, with the creation times of their versions, all of one moment.
--
-- KEYS  aidb:prediction:<id> of each
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
--       2 most bytes of one record: a larger one is not read
-- Result: for each record read, in the order of KEYS: nil (no such hash), the bytes that it takes, if these are too many, or
--         {created_at of its version or nil, field, value, …}
local budget, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local longest = 64
local known = {'id', 'model_version_id', 'input', 'output', 'confidence', 'inference_time_ms', 'timestamp', 'metadata'}

-- How many bytes the record has, if these are too many. What the whole key takes says mostly that they are not; of a hash with other
-- fields that is all there is to know.
local function excess(key)
  local memory = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', 100)
  if type(memory) ~= 'number' or memory <= limit then return false end
  local left, bytes = redis.pcall('HLEN', key), 0
  if type(left) ~= 'number' then return false end
  for _, field in ipairs(known) do
    local length = redis.call('HSTRLEN', key, field)
    if length > 0 or redis.call('HGET', key, field) then left = left - 1 end
    bytes = bytes + length
  end
  if left > 0 then return memory end
  return bytes > limit and bytes
end

local function record_of(key)
  local fields = redis.pcall('HGETALL', key)
  if fields.err or #fields == 0 then return false end
  local version
  local record = {false}
  for i = 1, #fields, 2 do
    if fields[i] == 'model_version_id' then version = fields[i + 1] end
    record[i + 1], record[i + 2] = fields[i], fields[i + 1]
    budget = budget - #fields[i] - #fields[i + 1]
  end
  local created = version and redis.pcall('HGET', 'aidb:version:' .. version, 'created_at')
  if type(created) == 'string' and #created <= longest then record[1] = created end
  return record
end

local records = {}
for index, key in ipairs(KEYS) do
  records[index] = excess(key) or record_of(key)
  if budget <= 0 then break end
end
return records
