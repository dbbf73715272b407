-- Reads records of the packed kind, together with the creation times of their parents, all of one moment: between two commands a flush
-- could give the same ids to other records.
--
-- KEYS  that of each, if their numbers do not say it
-- ARGV  1 most bytes to return: reading stops at the record that goes beyond, if it is not the first, and the caller asks for the rest
--       2 most bytes of one record: a larger one is not read, for reading would take several times its size inside Redis
--       3 instead of KEYS: numbers, one a line. Hundreds of keys cost the sender more than all the rest
--       4 what the keys begin with
--       5 what the keys of their parents begin with
--       6 the parents' field with the creation time
--       7 … the fields: first the one with the parent's id
-- Result: {looked, records, others}
--       looked   how many of them were looked at
--       records  those that are there, in their order, in messages of a few: lists in the form of cmsgpack (repack.ts), of each record the fields
--                and the creation time of its parent, false for what is not there. To make texts of them here would take twice as long as to read
--                them; for one message of all the client would hold a large buffer, for seconds, with a timer that lets no process end
--       others   for each without such a record its place, from 1, and then
--                nil         no such key
--                {type}      the key holds another type than a hash
--                number      the bytes of a record that has too many
local pcall, call, unpack = redis.pcall, redis.call, unpack
local budget, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local prefix, parent_prefix, parent_created = ARGV[4], ARGV[5], ARGV[6]
local fields = {unpack(ARGV, 7)}
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

-- Of a key that takes much memory: how many bytes the record has, if these are too many; else false.
local function excess(key)
  local bytes = 0
  for _, field in ipairs(fields) do
    local length = pcall('HSTRLEN', key, field)
    if type(length) ~= 'number' then return false end
    bytes = bytes + length
  end
  return bytes > limit and bytes
end

local function bytes_of(record)
  local bytes = 0
  for i = 1, F do bytes = bytes + (record[i] and #record[i] or 0) end
  return bytes
end

-- The record; or nil, and what is there instead.
local function record_of(key)
  local values = pcall('HMGET', key, unpack(fields))
  local parent = values[1]
  local kind = not parent and call('TYPE', key).ok
  if kind == 'none' then return nil, false end
  if kind and kind ~= 'hash' then return nil, {kind} end
  if values.err then call('HMGET', key, unpack(fields)) end
  values[F + 1] = parent and created(parent)
  return values
end

local keys = KEYS
if ARGV[3] ~= '' then
  keys = {}
  for number in string.gmatch(ARGV[3], '%d+') do keys[#keys + 1] = prefix .. number end
end

local together = 25
local looked, messages, records, others = 0, {}, {}, {}
for index, key in ipairs(keys) do
  -- What the whole key takes: mostly that shows that the record is not too large. Redis may not tell it.
  local memory = pcall('MEMORY', 'USAGE', key, 'SAMPLES', '100')
  local told = type(memory) == 'number'
  local record, other = nil, told and memory > limit and excess(key)
  if not other then record, other = record_of(key) end
  local bytes = record and (told and memory or bytes_of(record))
  if record and not told and bytes > limit then
    record, other = nil, bytes
  end
  if not record then
    others[#others + 1] = index
    others[#others + 1] = other
  elseif bytes > budget and (records[1] or messages[1]) then
    break
  else
    budget = budget - bytes
    records[#records + 1] = record
    if #records == together then
      messages[#messages + 1] = cmsgpack.pack(records)
      records = {}
    end
  end
  looked = index
end
if records[1] then messages[#messages + 1] = cmsgpack.pack(records) end
return {looked, messages, others}
