-- Reads records of the packed kind in the form in which the stream carries them (see packed.ts), together with the creation times of
-- their parents, all of one moment: between two commands a flush could give the same ids to other records.
--
-- KEYS  that of each
-- ARGV  1 most bytes to return: reading stops at the record that goes beyond, if it is not the first, and the caller asks for the rest
--       2 most bytes of one record: a larger one is not read, for reading would take three times its size inside Redis
--       3 what the keys begin with
--       4 what the keys of their parents begin with
--       5 the parents' field with the creation time
--       6 … the fields: first the one with the parent's id
-- Result: {looked, packed, others}
--       looked  how many of the KEYS were looked at
--       packed  the records, one after another in the order of KEYS: id, creation time of its parent, then the fields. As one text, because
--               thousands of replies cost the reader more than all the rest
--       others  for each key without such a record its place, from 1, and then
--               nil         no such key
--               {type}      the key holds another type than a hash
--               number      the bytes of a record that has too many
local pcall, call, sub, concat = redis.pcall, redis.call, string.sub, table.concat
local budget, limit, prefix = tonumber(ARGV[1]), tonumber(ARGV[2]), #ARGV[3]
local parent_prefix, parent_created = ARGV[4], ARGV[5]
local fields = {unpack(ARGV, 6)}
local F = #fields
-- In bytes; no creation time is longer.
local longest = 64

local parents = {}
local function created(parent)
  local known = parents[parent]
  if known == nil then
    local reply = pcall('HGET', parent_prefix .. parent, parent_created)
    known = type(reply) == 'string' and #reply <= longest and reply
    parents[parent] = known
  end
  return known
end

-- How many bytes the record has, if these are too many; else false. Mostly the memory that the whole key takes shows that they are not.
local function excess(key)
  local memory = pcall('MEMORY', 'USAGE', key, 'SAMPLES', 100)
  if type(memory) ~= 'number' or memory <= limit then return false end
  local bytes = 0
  for _, field in ipairs(fields) do
    local length = pcall('HSTRLEN', key, field)
    if type(length) ~= 'number' then return false end
    bytes = bytes + length
  end
  return bytes > limit and bytes
end

-- To print a number costs as much as to read a field.
local printed = {}
local function print_number(number)
  local text = printed[number] or tostring(number)
  printed[number] = text
  return text
end

-- Written over with each record, so that none of them costs a table.
local lengths, bytes = {}, {}

local function record_of(key)
  local values = pcall('HMGET', key, unpack(fields))
  local parent = values[1]
  local kind = not parent and call('TYPE', key).ok
  if kind == 'none' then return false end
  if kind and kind ~= 'hash' then return {kind} end
  if values.err then call('HMGET', key, unpack(fields)) end
  local id, born = sub(key, prefix + 1), parent and created(parent)
  lengths[1], bytes[1] = print_number(#id), id
  lengths[2], bytes[2] = born and print_number(#born) or '-', born or ''
  for i = 1, F do
    local value = values[i]
    if value then
      lengths[i + 2], bytes[i + 2] = print_number(#value), value
    else
      lengths[i + 2], bytes[i + 2] = '-', ''
    end
  end
  return concat(lengths, ' ') .. '\n' .. concat(bytes)
end

local looked, packed, others = 0, {}, {}
for index, key in ipairs(KEYS) do
  local record = excess(key) or record_of(key)
  -- Checked again, for Redis may not tell what a key takes.
  if type(record) == 'string' and #record > limit then record = #record end
  if type(record) == 'string' then
    if #record > budget and packed[1] then break end
    budget = budget - #record
    packed[#packed + 1] = record
  else
    others[#others + 1] = index
    others[#others + 1] = record
  end
  looked = index
end
return {looked, packed[2] and concat(packed) or packed[1] or '', others}
