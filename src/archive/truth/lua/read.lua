-- Reads records together with the creation times of their parents, all of one moment: between two commands a flush could
-- give the same ids to other records.
--
-- KEYS  for each record: its own key, then the key of each parent that this key names
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
--       2 most bytes of one record: a larger one is not read, for reading would take three times its size inside Redis
--       3 P, the number of parents named by the key; then, for each, the field with its creation time
--       4 F, the number of fields to read, then their names (0: the whole hash)
--       5 R, the number of parents named in a field (these are the first R of the fields); then, for each, the prefix of its key and
--         the field with its creation time
-- Result: for each record read, in the order of KEYS
--       nil                    no such key
--       type                   the key holds another type than a hash
--       number                 the bytes of a record that has too many
--       {value…, created…}     the fields in order, or field, value, field, value… of a whole hash; then the creation times of
--                              the P, then of the R parents (nil: no such record)
local pcall = redis.pcall
local at = 1
local function argument()
  at = at + 1
  return ARGV[at - 1]
end
local function arguments(count)
  local list = {}
  for i = 1, count do list[i] = argument() end
  return list
end

local budget, limit = tonumber(argument()), tonumber(argument())
local named_created = arguments(tonumber(argument()))
local fields = arguments(tonumber(argument()))
local referred = arguments(2 * tonumber(argument()))
local command = #fields == 0 and 'HGETALL' or 'HMGET'
local P, R = #named_created, #referred / 2
-- In bytes: no creation time is longer; and what a value costs its reader besides its own bytes.
local longest, overhead = 64, 100

local created_cache = {}
local function created(key, field)
  local known = created_cache[key]
  if known == nil then
    local reply = pcall('HGET', key, field)
    known = type(reply) == 'string' and #reply <= longest and reply
    created_cache[key] = known
  end
  return known
end

-- The answer for a key in which HMGET has found nothing: no key, no hash, or a hash without any of the fields.
local function other(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return false end
  return kind == 'hash' and redis.call(command, key, unpack(fields)) or kind
end

-- How many bytes the record has, if these are too many; else false. Mostly the memory that the whole key takes shows that they are not;
-- if the whole hash is to be read, that memory is what counts.
local function excess(key)
  local memory = pcall('MEMORY', 'USAGE', key, 'SAMPLES', 1000)
  if type(memory) ~= 'number' or memory <= limit then return false end
  if #fields == 0 then return memory end
  local bytes = 0
  for _, field in ipairs(fields) do
    local length = pcall('HSTRLEN', key, field)
    if type(length) ~= 'number' then return false end
    bytes = bytes + length
  end
  return bytes > limit and bytes
end

local records = {}
for first = 1, #KEYS, 1 + P do
  local key = KEYS[first]
  local record = excess(key) or pcall(command, key, unpack(fields))
  local size, bytes = type(record) == 'table' and #record or 0, 0
  for i = 1, size do
    if record[i] then bytes = bytes + #record[i] end
  end
  local weight = bytes + size * overhead
  -- Checked again, for Redis may not tell what a key takes.
  if weight > limit then record = weight end
  if type(record) == 'table' and bytes == 0 then record = other(key) end
  if type(record) == 'table' then
    for i = 1, P do record[size + i] = created(KEYS[first + i], named_created[i]) end
    for i = 1, R do
      local id = record[i]
      record[size + P + i] = id and created(referred[2 * i - 1] .. id, referred[2 * i])
    end
  end
  records[#records + 1] = record
  if type(record) == 'table' then budget = budget - weight end
  if budget <= 0 then break end
end
return records
