-- Keys: every key that the caller can know is declared in KEYS, in the order of the function's contract.

local changes = 'millrace:changes'

local function expectKeys(keys, ...)
  local expected = {...}
  for i = 1, math.max(#keys, #expected) do
    if keys[i] ~= expected[i] then refuse('the keys must be: %s', table.concat(expected, ' ')) end
  end
end

local probes = {hash = 'HLEN', zset = 'ZCARD', set = 'SCARD', stream = 'XLEN'}

-- Refuses a key that is about to be written and holds something else.
local function mustBe(kind, key)
  local reply = tryCall(probes[kind], key)
  if type(reply) ~= 'table' then return end
  if find(reply.err, '^WRONGTYPE') then error({err = format('WRONGTYPE %s does not hold a %s', shown(key), kind)}) end
  error(reply)
end

-- A field of another record, nil if there is none: nobody promises that the record exists, or is a hash.
local function fieldOf(key, field)
  local reply = tryCall('HGET', key, field)
  if type(reply) ~= 'table' then return reply or nil end
  if find(reply.err, '^WRONGTYPE') then return nil end
  error(reply)
end

-- The number that the next INCR of a counter will give. INCR itself is a write, and comes after the stream entry.
local function nextId(counter)
  local text = tryCall('GET', counter)
  if not text then return 1 end
  if type(text) == 'table' then
    error(find(text.err, '^WRONGTYPE') and {err = format('WRONGTYPE %s does not hold a string', counter)} or text)
  end
  -- Up to 2^53, which Lua and JavaScript count exactly.
  if not find(text, '^%d+$') or #text > 15 then refuse('%s holds %s, which is no counter', counter, shown(text)) end
  return tonumber(text) + 1
end
