-- Reads records whole, each a hash, with the creation times of their parents, all of one moment.
--
-- KEYS  that of each
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
--       2 most bytes of one record: a larger one is not read
--       3 F, fields of the kind, then their names
--       then for each parent: the field that names it, the prefix of its key, the field with its creation time
-- Result: for each record read, in the order of KEYS: nil (no such hash), the bytes that it takes, if these are too many, or
--         {created_at of each parent or nil, field, value, …}
local budget, limit, F = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local longest = 64
local parents, P = 4 + F, (#ARGV - 3 - F) / 3

-- How many bytes the record has, if these are too many. What the whole key takes says mostly that they are not; of a hash with other
-- fields that is all there is to know.
local function excess(key)
  local memory = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', 100)
  if type(memory) ~= 'number' or memory <= limit then return false end
  local left, bytes = redis.pcall('HLEN', key), 0
  if type(left) ~= 'number' then return false end
  for at = 4, 3 + F do
    local field = ARGV[at]
    local length = redis.call('HSTRLEN', key, field)
    if length > 0 or redis.call('HGET', key, field) then left = left - 1 end
    bytes = bytes + length
  end
  if left > 0 then return memory end
  return bytes > limit and bytes
end

local function created_of(id, prefix, field)
  local created = id and redis.pcall('HGET', prefix .. id, field)
  return type(created) == 'string' and #created <= longest and created
end

local function record_of(key)
  local fields = redis.pcall('HGETALL', key)
  if fields.err or #fields == 0 then return false end
  local record, value_of = {}, {}
  for i = 1, #fields, 2 do
    value_of[fields[i]] = fields[i + 1]
    record[P + i], record[P + i + 1] = fields[i], fields[i + 1]
    budget = budget - #fields[i] - #fields[i + 1]
  end
  for i = 1, P do
    local at = parents + 3 * (i - 1)
    record[i] = created_of(value_of[ARGV[at]], ARGV[at + 1], ARGV[at + 2])
  end
  return record
end

local records = {}
for index, key in ipairs(KEYS) do
  records[index] = excess(key) or record_of(key)
  if budget <= 0 then break end
end
return records
