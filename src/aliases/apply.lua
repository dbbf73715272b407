-- Writes alias values and moves the checkpoint in one atomic step, if nobody else has moved it since the truth was read.
--   KEYS[1]      the checkpoint key
--   KEYS[2..]    alias keys, each once
--   ARGV[1]      the checkpoint the truth was read under ('' = none)
--   ARGV[2]      the checkpoint to leave, different for every apply
--   ARGV[3]      a JSON array of the values for KEYS[2..]; '' means that the key must not exist. (One argument instead of a
--                thousand: building and parsing the command is most of its cost.)
-- Returns {'applied', added, updated, deleted} or {'moved', the checkpoint found}. Applying twice is harmless: the second
-- time it finds ARGV[2] and says so ({'applied', 0, 0, 0}). Wrong types and garbage under our keys are overwritten.
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' then redis.call('DEL', KEYS[1]) found = false end
found = found or ''
if found == ARGV[2] then return {'applied', 0, 0, 0} end
if found ~= ARGV[1] then return {'moved', found} end

local added, updated, deleted = 0, 0, 0
local keys = KEYS
local count = #keys - 1
if count > 0 then
  local values = cjson.decode(ARGV[3])
  local current = redis.call('MGET', unpack(keys, 2))
  local write, size, drop = {keys[1], ARGV[2]}, 2, {}
  for i = 1, count do
    local wanted, had = values[i], current[i]
    if wanted == '' then
      drop[#drop + 1] = keys[i + 1]
    elseif had ~= wanted then
      if had then updated = updated + 1 else added = added + 1 end
      write[size + 1] = keys[i + 1]
      size = size + 2
      write[size] = wanted
    end
  end
  -- MSET before UNLINK: out of memory is refused at the first write, before anything has changed.
  redis.call('MSET', unpack(write, 1, size))
  if #drop > 0 then deleted = redis.call('UNLINK', unpack(drop)) end
else
  redis.call('SET', keys[1], ARGV[2])
end
return {'applied', added, updated, deleted}
