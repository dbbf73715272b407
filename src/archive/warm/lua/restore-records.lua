-- Puts records back that are not there: hash, index entry and name of each at once, so that none is ever half there. A record that
-- is there stays as it is; if it is the same one and lacks its index entry, that is added.
--
-- ARGV, all of them JSON, which is read faster than as many arguments:
--       1 {prefix  of the keys
--          born    field with the creation time ('' = the kind has none: its key says which record it is)
--          index   `zset` or `set`: what the index is ('' = the kind has none)
--          names   key of the hash from name to id ('' = none)
--          stream  the stream
--          tell    the stream's field that tells a daemon which records came back, so that it need not look them up ('' = do not tell)
--          look    change nothing, only tell
--          fields  of the hash}
--       2 a list of parents: [key, field with the creation time, the creation time it has to have]
--       3 a list of records: [id, its creation time, its parents (numbers from 1; 0 is not there), key of the index, score, member,
--         name ('' = none), values of the fields (null = absent)]
-- Result: for each record 1 restored, 2 was there, 3 a parent is not there, 4 a key that it needs holds another type; or the creation
--       time of another record that has its key
local call, pcall = redis.call, redis.pcall
local RESTORED, THERE, ORPHAN, BLOCKED = 1, 2, 3, 4
local options, records = cjson.decode(ARGV[1]), cjson.decode(ARGV[3])
local born, look, names = options.born, options.look, options.names
local parents = {}
for i, parent in ipairs(cjson.decode(ARGV[2])) do
  local live = pcall('HGET', parent[1], parent[2])
  parents[i] = live == parent[3] or (look and not live)
end

local types = {}
local function holds(key, wanted)
  if not types[key] then types[key] = call('TYPE', key).ok end
  return types[key] == wanted or types[key] == 'none'
end

local function add_index(index, score, member, missing)
  if look or options.index == '' then return end
  if options.index == 'set' then
    call('SADD', index, member)
  elseif missing then
    call('ZADD', index, 'NX', score, member)
  else
    call('ZADD', index, score, member)
  end
end

local function all_alive(refers)
  for _, number in ipairs(refers) do
    if not parents[number] then return false end
  end
  return true
end

-- What to answer for a record whose key is taken.
local function occupant(key, created, alive)
  if born == '' then return alive and THERE or ORPHAN end
  local live = pcall('HGET', key, born)
  if live == created then return THERE end
  return type(live) == 'string' and live or ''
end

local results, back, ids = {}, {}, {}
for i, record in ipairs(records) do
  local id, created, refers, index, score, member = unpack(record, 1, 6)
  local key, alive = options.prefix .. id, all_alive(refers)
  local fits = (options.index == '' or holds(index, options.index)) and (names == '' or holds(names, 'hash'))
  local result
  if call('EXISTS', key) == 1 then
    result = occupant(key, created, alive)
    if result == THERE and alive and fits then add_index(index, score, member, true) end
  elseif not alive then
    result = ORPHAN
  elseif not fits then
    result = BLOCKED
  else
    result = RESTORED
    back[#back + 1], ids[#ids + 1] = record, id
  end
  results[i] = result
end
if look or not back[1] then return results end

if options.tell ~= '' then call('XADD', options.stream, '*', options.tell, table.concat(ids, ' ')) end
local fields = options.fields
for _, record in ipairs(back) do
  local id, name, values = record[1], record[7], record[8]
  local hash, size = {}, 0
  for i = 1, #fields do
    if values[i] ~= cjson.null then
      hash[size + 1], hash[size + 2] = fields[i], values[i]
      size = size + 2
    end
  end
  call('HSET', options.prefix .. id, unpack(hash))
  add_index(record[4], record[5], record[6], false)
  if names ~= '' then
    -- The name may still lead to a record that is gone.
    local named = call('HGET', names, name)
    if not named or call('EXISTS', options.prefix .. named) == 0 then call('HSET', names, name, id) end
  end
end
return results
