-- Reads entries of the stream one by one, as many as are not too large together: for when plain XREAD has brought too much. Redis does not
-- tell how large an entry is before it is read, which takes three times its size in here for a moment. Reads only.
--
-- ARGV  1 id after which to read
--       2 most entries
--       3 most bytes to return: reading stops after the entry that reaches it
--       4 most bytes of one entry
-- Result: {entries, large, heavy}
--       entries  {id, {field, value, …}} of each. In one that is too large the records that it carries are only named: they are in Redis
--                under their keys as well
--       large    id, bytes, id, bytes… of those that are too large even so, or carry something else: their fields are left out
--       heavy    how many were too large
local stream, overhead = 'millrace:changes', 100
local from, most, budget, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function weight_of(fields)
  local bytes = #fields * overhead
  for i = 1, #fields do bytes = bytes + #fields[i] end
  return bytes
end

-- Walks over packed records (see packed.ts). tell(values) gets their first three values. Returns whether all was understood.
local function each_record(packed, tell)
  local at = 1
  while at <= #packed do
    local line = string.find(packed, '\n', at, true)
    if not line or line - at > 1000 then return false end
    local start, values, count = line + 1, {}, 0
    for length in string.gmatch(string.sub(packed, at, line - 1), '[^ ]+') do
      count = count + 1
      local bytes = length == '-' and 0 or tonumber(length)
      if not bytes then return false end
      if count <= 3 then values[count] = string.sub(packed, start, start + bytes - 1) end
      start = start + bytes
    end
    if count < 3 or start > #packed + 1 then return false end
    tell(values)
    at = start
  end
  return true
end

-- The same entry with the records it carries only named; nil if there is something else that is long.
local function lightened(fields)
  local light, named = {}, {}
  local function name(kind, id)
    local pair = kind .. ' ' .. id
    if named[pair] then return end
    named[pair] = true
    light[#light + 1] = kind
    light[#light + 1] = id
  end
  for i = 1, #fields, 2 do
    local field, value = fields[i], fields[i + 1]
    if field == 'prediction=' then
      if not each_record(value, function(values) name('prediction', values[1]) end) then return nil end
    elseif field == 'metric=' then
      if not each_record(value, function(values) name('metric', values[1] .. ':' .. values[3]) end) then return nil end
    else
      light[#light + 1] = field
      light[#light + 1] = value
    end
  end
  return weight_of(light) <= limit and light or nil
end

local entries, large, heavy = {}, {}, 0
while #entries < most and budget > 0 do
  local reply = redis.call('XREAD', 'COUNT', 1, 'STREAMS', stream, from)
  if not reply then break end
  local id, fields = unpack(reply[1][2][1])
  fields = fields or {}
  local weight = weight_of(fields)
  if weight > limit then
    heavy = heavy + 1
    fields = lightened(fields)
    if not fields then
      large[#large + 1] = id
      large[#large + 1] = weight
      fields = {}
    end
    weight = weight_of(fields)
  end
  entries[#entries + 1] = { id, fields }
  budget = budget - weight - overhead
  from = id
end
return { entries, large, heavy }
