-- What a key holds, against what it should: the beginning of apply.lua and of compare.lua. Reads only, and nothing that is far larger
-- than what should be there: that is somebody else's.
--
-- `kind` is string, hash, set or zset. A wanted value is a text, or what JSON makes of an object of texts, an array of texts, an array of
-- {member, score}. `lifetime` is in milliseconds; 0: none; -1: any.
local lengths = {string = 'STRLEN', hash = 'HLEN', set = 'SCARD', zset = 'ZCARD'}

-- The wanted elements by field or member, how many these are, and how many bytes they have.
local function elementsOf(kind, value)
  local elements, count, bytes = {}, 0, 0
  if kind == 'hash' then
    elements = value
    for field, text in pairs(value) do count, bytes = count + 1, bytes + #field + #text end
  else
    for _, element in ipairs(value) do
      local member, score = element, true
      if kind == 'zset' then member, score = element[1], element[2] end
      if not elements[member] then count, bytes = count + 1, bytes + #member end
      elements[member] = score
    end
  end
  return elements, count, bytes
end

-- The elements that a key holds, by field or member; nil where they are too many or too large.
local function elementsIn(kind, key, held, count, bytes)
  if held > 2 * count + 1000 then return nil end
  if redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0) > 4 * bytes + 256 * held + 65536 then return nil end
  local elements = {}
  if kind == 'set' then
    for _, member in ipairs(redis.call('SMEMBERS', key)) do elements[member] = true end
  else
    local flat = kind == 'hash' and redis.call('HGETALL', key) or redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #flat, 2 do elements[flat[i]] = flat[i + 1] end
  end
  return elements
end

-- What has to be put into a key that holds `had`, as arguments of HSET, SADD or ZADD, and what has to be taken out.
local function changesTo(kind, elements, had)
  local put, take = {}, {}
  for element, wanted in pairs(elements) do
    local is = had[element]
    if kind == 'set' then
      if not is then put[#put + 1] = element end
    elseif kind == 'hash' then
      if is ~= wanted then put[#put + 1], put[#put + 2] = element, wanted end
    elseif not is or tonumber(is) ~= tonumber(wanted) then
      put[#put + 1], put[#put + 2] = string.format('%.17g', tonumber(wanted)), element
    end
  end
  for element in pairs(had) do
    if elements[element] == nil then take[#take + 1] = element end
  end
  return put, take
end

-- All of a wanted value, as arguments of HSET, SADD or ZADD.
local function allOf(kind, value)
  if kind == 'set' then return value end
  local put, size = {}, 0
  if kind == 'hash' then
    for field, text in pairs(value) do
      put[size + 1], put[size + 2] = field, text
      size = size + 2
    end
  else
    for _, element in ipairs(value) do
      put[size + 1], put[size + 2] = string.format('%.17g', tonumber(element[2])), element[1]
      size = size + 2
    end
  end
  return put
end

-- How the key is: 'absent', 'other' (of another Redis type), 'same' or 'different'. Of a hash, set or zset that can be mended also what to put
-- into it and what to take out; any other is to be made anew.
local function examine(kind, key, value)
  local held = redis.pcall(lengths[kind], key)
  if type(held) == 'table' then
    if redis.call('TYPE', key).ok == kind then redis.call(lengths[kind], key) end -- it is another error, and thrown as it is
    held = -1
  end
  if kind == 'string' then
    if held == -1 then return 'other' end
    if held == 0 and redis.call('TYPE', key).ok == 'none' then return 'absent' end
    return (held == #value and redis.call('GET', key) == value) and 'same' or 'different'
  end
  if held <= 0 then return held == 0 and 'absent' or 'other' end
  local elements, count, bytes = elementsOf(kind, value)
  local had = elementsIn(kind, key, held, count, bytes)
  if not had then return 'different' end
  local put, take = changesTo(kind, elements, had)
  return (#put == 0 and #take == 0) and 'same' or 'different', put, take
end

local function livesAsLong(key, lifetime)
  if lifetime < 0 then return true end
  local left = redis.call('PTTL', key)
  if lifetime == 0 then return left == -1 end
  return left >= 0 and left <= lifetime
end

-- Wanted values as they come: an array of MessagePack of texts, else a JSON array of what they are. An empty text means that there is to be no key.
local function valuesIn(kind, packed)
  if kind == 'string' then return cmsgpack.unpack(packed) end
  return cjson.decode(packed)
end

-- What strings hold, however large; false where there is none.
local function textsOf(keys)
  local texts = {}
  for from = 1, #keys, 6000 do -- unpack has no room for many more
    local page = redis.call('MGET', unpack(keys, from, math.min(from + 5999, #keys)))
    if from == 1 then texts = page else for i = 1, #page do texts[from + i - 1] = page[i] end end
  end
  return texts
end

-- Whether JSON's value means that there is no key.
local function nothing(value) return value == '' or type(value) == 'table' and next(value) == nil end
