-- Reads entries of the stream one by one, as many as are not too large together: for when plain XREAD has brought too much. Redis does not
-- tell how large an entry is before it is read, which takes three times its size in here for a moment: so it is done once, and one that is
-- too large is replaced by what is left of it, at the end of the stream.
--
-- KEYS  1 the stream
-- ARGV  1 id after which to read
--       2 most entries, none of which is far too large to be read (refused-reply.ts)
--       3 most bytes to return: reading stops after the entry that reaches it
--       4 most bytes of one entry. Of a larger one the records that it carries are only named, for they are in Redis under their keys as
--         well; where that is not enough, `too-large` stands for it, with its id and size
--       5 … kinds that are carried: their name; 1: a key of them holds several records, and is named by their first and third value
--         (0: by the first)
-- Result: {id, {field, value, …}} of each that is not replaced
local stream, overhead = KEYS[1], 100
local from, most, budget, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local carried = {}
for at = 5, #ARGV, 2 do carried[ARGV[at] .. '='] = { name = ARGV[at], several = ARGV[at + 1] == '1' } end

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
    local kind = carried[field]
    if kind then
      local function tell(values) name(kind.name, kind.several and values[1] .. ':' .. values[3] or values[1]) end
      if not each_record(value, tell) then return nil end
    else
      light[#light + 1] = field
      light[#light + 1] = value
    end
  end
  return weight_of(light) <= limit and light or nil
end

-- More values at once do not fit on Lua's stack.
local function replace(id, fields)
  -- First, for where memory is full nothing can be added before something was taken.
  redis.call('XDEL', stream, id)
  for first = 1, #fields, 2000 do
    redis.call('XADD', stream, '*', unpack(fields, first, math.min(first + 1999, #fields)))
  end
end

local entries, looked = {}, 0
while looked < most and budget > 0 do
  local entry = redis.call('XRANGE', stream, '(' .. from, '+', 'COUNT', 1)[1]
  if not entry then break end
  local id, fields = entry[1], entry[2] or {}
  looked = looked + 1
  local weight = weight_of(fields)
  local heavy = weight > limit
  if heavy then
    fields = lightened(fields) or { 'too-large', id .. ' ' .. weight }
    weight = weight_of(fields)
  end
  if heavy then replace(id, fields) else entries[#entries + 1] = { id, fields } end
  budget = budget - weight - overhead
  from = id
end
return entries
