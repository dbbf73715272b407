-- Reads records together with the creation times of their parents, all of one moment: between two commands a flush could
-- give the same ids to other records.
--
-- KEYS  for each record: its own key, then the key of each parent that this key names
-- ARGV  1 most bytes to return: reading stops after the record that reaches it, and the caller asks for the rest
--       2 P, parents named by the key, then for each the field with its creation time
--       3 F, fields to read, then their names (0: the whole hash)
--       4 R, parents named in a field, then for each: position of that field (from 1), prefix of its key, creation time field
-- Result: for each record read, in the order of KEYS
--       nil                    no such key
--       type                   the key holds another type than a hash
--       {created…, value…}     creation times of the P, then of the R parents (nil: no such record), then the fields in order,
--                              or field, value, field, value… of a whole hash
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

local budget = tonumber(argument())
local named_created = arguments(tonumber(argument()))
local fields = arguments(tonumber(argument()))
local referred = {}
for i = 1, tonumber(argument()) do
  referred[i] = { position = tonumber(argument()), prefix = argument(), created = argument() }
end

local created_cache = {}
local function created(key, field)
  local known = created_cache[key]
  if known == nil then
    local reply = redis.pcall('HGET', key, field)
    known = type(reply) == 'string' and reply or false
    created_cache[key] = known
  end
  return known
end

local stride = 1 + #named_created
local records = {}
for first = 1, #KEYS, stride do
  local key = KEYS[first]
  local kind = redis.call('TYPE', key).ok
  local record
  if kind == 'none' then record = false
  elseif kind ~= 'hash' then record = kind
  else
    record = {}
    local values
    if #fields == 0 then values = redis.call('HGETALL', key) else values = redis.call('HMGET', key, unpack(fields)) end
    for i, field in ipairs(named_created) do record[i] = created(KEYS[first + i], field) end
    for _, parent in ipairs(referred) do
      local id = values[parent.position]
      record[#record + 1] = id and created(parent.prefix .. id, parent.created) or false
    end
    local offset = #record
    for i = 1, #values do
      record[offset + i] = values[i]
      if values[i] then budget = budget - #values[i] end
    end
  end
  records[#records + 1] = record
  if budget <= 0 then break end
end
return records
