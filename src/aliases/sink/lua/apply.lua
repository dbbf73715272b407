-- Writes values of keys and moves the checkpoint in one atomic step, if nobody else has moved it since the truth was read. Begins with
-- held.lua.
--   KEYS[1]      the checkpoint key
--   ARGV[1]      the checkpoint the truth was read under ('' = none)
--   ARGV[2]      the checkpoint to leave, different for every apply
--   ARGV[3..]    four for each batch: its keys, packed, each once; what these hold (string, hash, set, zset); their lifetime in milliseconds
--                (0: none; -1: any); their values, packed, where '' means that the key must not exist. Instead: keys and values by turns, packed;
--                'absent'; -1; ''. These strings were not there a moment ago: they are written, whatever is there now
-- Returns {'applied', added, updated, deleted, added, …}, three numbers a batch, or {'moved', the checkpoint found}. Applying
-- twice is harmless: the second time the script finds ARGV[2] and answers {'applied'}. Wrong types and garbage under our keys
-- are overwritten.
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' then redis.call('DEL', KEYS[1]) found = false end
found = found or ''
if found == ARGV[2] then return {'applied'} end
if found ~= ARGV[1] then return {'moved', found} end

-- unpack has no room for many more.
local most = 6000
local reply, drops = {'applied'}, {}
local write, size = {}, 0
local begun = false

-- A Redis out of memory refuses the first write, and only that, if it is one that takes memory. This one changes nothing, and the checkpoint
-- stays where it is until all else is done.
local function begin()
  if not begun then redis.call('SET', KEYS[1], ARGV[1]) end
  begun = true
end

local function flush()
  redis.call('MSET', unpack(write, 1, size))
  write, size = {}, 0
end

local adds = {hash = 'HSET', set = 'SADD', zset = 'ZADD'}
local removes = {hash = 'HDEL', set = 'SREM', zset = 'ZREM'}
local function send(command, key, arguments)
  for from = 1, #arguments, most do
    redis.call(command, key, unpack(arguments, from, math.min(from + most - 1, #arguments)))
  end
end

-- Brings one key in step that MSET cannot write. Returns how it was.
local function bring(kind, key, value, lifetime)
  local state, put, take = examine(kind, key, value)
  if state == 'same' then
    if livesAsLong(key, lifetime) then return state end
    begin()
  elseif kind == 'string' then
    begin()
    redis.call('SET', key, value)
  else
    begin()
    if state ~= 'absent' and not put then redis.call('UNLINK', key) end
    send(adds[kind], key, put or allOf(kind, value))
    if put then send(removes[kind], key, take) end
  end
  if lifetime > 0 then
    redis.call('PEXPIRE', key, lifetime)
  elseif lifetime == 0 and (state == 'same' or put) then
    redis.call('PERSIST', key)
  end
  return state == 'same' and 'different' or state
end

for batch = 1, (#ARGV - 2) / 4 do
  local at = 4 * batch - 1
  local keys, kind, lifetime = cmsgpack.unpack(ARGV[at]), ARGV[at + 1], ARGV[at + 2] + 0
  local values = kind ~= 'absent' and valuesIn(kind, ARGV[at + 3])
  local added, updated, drop = 0, 0, {}
  if kind == 'absent' then
    local before = redis.call('DBSIZE')
    for from = 1, #keys, most do redis.call('MSET', unpack(keys, from, math.min(from + most - 1, #keys))) end
    added = redis.call('DBSIZE') - before
  elseif kind == 'string' and lifetime <= 0 then
    for i, had in ipairs(textsOf(keys)) do
      local key, wanted = keys[i], values[i]
      if wanted == '' then
        drop[#drop + 1] = key
      elseif had ~= wanted or not livesAsLong(key, lifetime) then
        if had then updated = updated + 1 else added = added + 1 end
        if size == most then flush() end
        write[size + 1] = key
        size = size + 2
        write[size] = wanted
      end
    end
  else
    for i, key in ipairs(keys) do
      local value = values[i]
      if nothing(value) then
        drop[#drop + 1] = key
      else
        local was = bring(kind, key, value, lifetime)
        if was == 'different' then updated = updated + 1
        elseif was ~= 'same' then added = added + 1 end
      end
    end
  end
  drops[batch] = drop
  reply[3 * batch - 1], reply[3 * batch], reply[3 * batch + 1] = added, updated, 0
end
write[size + 1], write[size + 2] = KEYS[1], ARGV[2]
size = size + 2
flush() -- before UNLINK: where this is refused as the first write, nothing has changed yet
for batch, drop in ipairs(drops) do
  for from = 1, #drop, most do
    local gone = redis.call('UNLINK', unpack(drop, from, math.min(from + most - 1, #drop)))
    reply[3 * batch + 1] = reply[3 * batch + 1] + gone
  end
end
return reply
