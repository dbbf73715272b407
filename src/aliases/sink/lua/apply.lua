-- Writes alias values and moves the checkpoint in one atomic step, if nobody else has moved it since the truth was read.
--   KEYS[1]      the checkpoint key
--   KEYS[2..]    alias keys, each once, batch by batch
--   ARGV[1]      the checkpoint the truth was read under ('' = none)
--   ARGV[2]      the checkpoint to leave, different for every apply
--   ARGV[3]      a JSON array of the values for KEYS[2..]; '' means that the key must not exist. (One argument instead of a
--                thousand: building and parsing the command is most of its cost.)
--   ARGV[4..]    how many of the keys each batch has
-- Returns {'applied', added, updated, deleted, added, …}, three numbers a batch, or {'moved', the checkpoint found}. Applying
-- twice is harmless: the second time the script finds ARGV[2] and answers {'applied'}. Wrong types and garbage under our keys
-- are overwritten.
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' then redis.call('DEL', KEYS[1]) found = false end
found = found or ''
if found == ARGV[2] then return {'applied'} end
if found ~= ARGV[1] then return {'moved', found} end

local reply, drops = {'applied'}, {}
local keys = KEYS
if #keys > 1 then
  local values = cjson.decode(ARGV[3])
  local current = redis.call('MGET', unpack(keys, 2))
  local write, size, from = {keys[1], ARGV[2]}, 2, 1
  for batch = 1, #ARGV - 3 do
    local added, updated, drop = 0, 0, {}
    local last = from + ARGV[batch + 3] - 1
    for i = from, last do
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
    from = last + 1
    drops[batch] = drop
    reply[3 * batch - 1], reply[3 * batch], reply[3 * batch + 1] = added, updated, 0
  end
  -- MSET comes before UNLINK: a Redis out of memory refuses the first write, and then nothing has changed yet.
  redis.call('MSET', unpack(write, 1, size))
  for batch, drop in ipairs(drops) do
    if #drop > 0 then reply[3 * batch + 1] = redis.call('UNLINK', unpack(drop)) end
  end
else
  redis.call('SET', keys[1], ARGV[2])
end
return reply
