-- Reads hashes of the user's own keys, packed (see packed.ts): many small replies cost their reader more than all the rest.
--
-- KEYS  the keys
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
--       2 most bytes of one record: a larger one is not read, for reading would take three times its size inside Redis
--       3 and following: the fields to read; none: the keys are strings, and each is one value
-- Result: for each record read, in the order of KEYS
--       nil         no such key
--       {type}      the key holds another type than a hash, or a string
--       number      the bytes of a record that has too many
--       packed      the values of the fields
local pcall, concat = redis.pcall, table.concat
local budget, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local count = #ARGV - 2

local function read(command, key) return command('HMGET', key, unpack(ARGV, 3)) end

-- How many bytes the record has, if these are too many; else false. Mostly the memory that the whole key takes shows that they are not.
local function excess(key)
  if count == 0 then
    local length = pcall('STRLEN', key)
    return type(length) == 'number' and length > limit and length
  end
  local memory = pcall('MEMORY', 'USAGE', key, 'SAMPLES', 100)
  if type(memory) ~= 'number' or memory <= limit then return false end
  local bytes = 0
  for i = 1, count do
    local length = pcall('HSTRLEN', key, ARGV[2 + i])
    if type(length) ~= 'number' then return false end
    bytes = bytes + length
  end
  return bytes > limit and bytes
end

local lengths, present = {}, {}
local function string_of(key)
  local value = pcall('GET', key)
  if type(value) == 'string' then return #value .. '\n' .. value end
  if not value then return false end
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'string' then return { kind } end
  return redis.call('GET', key)
end

local function record_of(key)
  if count == 0 then return string_of(key) end
  local values = read(pcall, key)
  if values.err then
    local kind = redis.call('TYPE', key).ok
    if kind ~= 'hash' then return { kind } end
    read(redis.call, key)
  end
  local found = 0
  for i = 1, count do
    local value = values[i]
    if value then
      found = found + 1
      present[found] = value
      lengths[i] = #value
    else
      lengths[i] = '-'
    end
  end
  -- No key, or a hash without any of the fields.
  if found == 0 and redis.call('TYPE', key).ok == 'none' then return false end
  return concat(lengths, ' ', 1, count) .. '\n' .. concat(present, '', 1, found)
end
