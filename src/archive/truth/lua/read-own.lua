-- Reads the user's own keys, packed (see packed.ts): many small replies cost their reader more than all the rest.
--
-- KEYS  the keys
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
--       2 most bytes of one record: a larger one is not read, for reading would take three times its size inside Redis
--       3 what is read: 'fields' of a hash, the 'value' of a string; of keys with several records 'every field' of a hash, the 'members' of
--         a set or a sorted set, the 'elements' of a list
--       4 and following: the 'fields' to read
-- Result: for each key read, in the order of KEYS
--       nil         no such key
--       {type}      the key holds another type than it should
--       number      the bytes of what it holds, if these are too many
--       packed      the values of the fields; the value; field, value, field, value …; member, score (absent in a set), member …; elements
local pcall, concat = redis.pcall, table.concat
local budget, limit, form = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local count = #ARGV - 3
-- In bytes: what an item costs its reader besides its own.
local overhead = 60

local function memory_of(key)
  local memory = pcall('MEMORY', 'USAGE', key, 'SAMPLES', 100)
  return type(memory) == 'number' and memory > limit and memory
end

-- How many bytes a key has, if these are too many; else false. Mostly the memory that the whole key takes shows that they are not.
local measures = {
  value = function(key)
    local length = pcall('STRLEN', key)
    return type(length) == 'number' and length > limit and length
  end,
  fields = function(key)
    if not memory_of(key) then return false end
    local bytes = 0
    for i = 1, count do
      local length = pcall('HSTRLEN', key, ARGV[3 + i])
      if type(length) ~= 'number' then return false end
      bytes = bytes + length
    end
    return bytes > limit and bytes
  end,
}
-- All of it is to be read, so that memory is what counts.
local excess = measures[form] or memory_of

-- Values that are all there, and the absent behind each of them if they have no others.
local function pack(values, lonely)
  local lengths, total = {}, #values
  for i = 1, total do lengths[i] = #values[i] end
  budget = budget - overhead * total
  return concat(lengths, lonely and ' - ' or ' ') .. (lonely and ' -' or '') .. '\n' .. concat(values)
end

local types = {
  ['every field'] = { hash = function(key) return pack(redis.call('HGETALL', key)) end },
  members = {
    set = function(key) return pack(redis.call('SMEMBERS', key), true) end,
    zset = function(key) return pack(redis.call('ZRANGE', key, '0', '-1', 'WITHSCORES')) end,
  },
  elements = { list = function(key) return pack(redis.call('LRANGE', key, '0', '-1')) end },
}

local readers = {}
function readers.value(key)
  local value = pcall('GET', key)
  if type(value) == 'string' then return #value .. '\n' .. value end
  if not value then return false end
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'string' then return { kind } end
  return redis.call('GET', key)
end

local lengths, present = {}, {}
function readers.fields(key)
  local values = pcall('HMGET', key, unpack(ARGV, 4))
  if values.err then
    local kind = redis.call('TYPE', key).ok
    if kind ~= 'hash' then return { kind } end
    redis.call('HMGET', key, unpack(ARGV, 4))
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

local function items_of(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return false end
  local read = types[form][kind]
  return read and read(key) or { kind }
end
local record_of = readers[form] or items_of

local records = {}
for index, key in ipairs(KEYS) do
  local record = excess(key) or record_of(key)
  if type(record) == 'string' then
    -- Checked again, for Redis may not tell what a key takes.
    if #record > limit then record = #record else budget = budget - #record end
  end
  records[index] = record
  if budget <= 0 then break end
end
return records
