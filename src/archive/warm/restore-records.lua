-- Puts records back that are not there: hash, index entry and name of each together, so that none is ever half there. What has
-- the key already stays as it is; if it is the same record, an index entry that it lacks is added.
--
-- ARGV  1 prefix of the keys, `aidb:<kind>:`
--       2 field with the creation time ('' = the kind has none: its key says which record it is)
--       3 `zset` or `set`: what the index is
--       4 key of the hash from name to id ('' = none)
--       5 field of the stream that tells a daemon which records came back, so that it need not look ('' = do not tell)
--       6 1: only look
--       7 F, then F fields of the hash
--       then P, and for each of P parents: key, field with the creation time, the creation time it has to have
--       then for each record: id, its creation time, its parents (numbers from 1, with spaces between; 0 is not there), key of the index, score,
--       member, name ('' = none), F values (a NUL = the field is absent)
-- Result: for each record 1 restored, 2 it is there, 3 a parent is not there, 4 a key it needs holds another type; or the creation
--       time of the record that has its key
local call, pcall = redis.call, redis.pcall
local gmatch = string.gmatch
local RESTORED, THERE, ORPHAN, BLOCKED = 1, 2, 3, 4
local changes = 'millrace:changes'
local at = 0
local function argument()
  at = at + 1
  return ARGV[at]
end

local prefix, born, index_type, names, tell, look = argument(), argument(), argument(), argument(), argument(), argument() == '1'
local F = tonumber(argument())
local fields = {}
for i = 1, F do fields[i] = argument() end
local parents = {}
for i = 1, tonumber(argument()) do
  local key, field, created = argument(), argument(), argument()
  local live = pcall('HGET', key, field)
  parents[tostring(i)] = live == created or (look and not live)
end

local types = {}
local function holds(key, wanted)
  if not types[key] then types[key] = call('TYPE', key).ok end
  return types[key] == wanted or types[key] == 'none'
end

local function add_index(index, score, member, missing)
  if look then return end
  if index_type == 'set' then
    call('SADD', index, member)
  elseif missing then
    call('ZADD', index, 'NX', score, member)
  else
    call('ZADD', index, score, member)
  end
end

local function all_alive(refers)
  for number in gmatch(refers, '%d+') do
    if not parents[number] then return false end
  end
  return true
end

-- The record that has the key.
local function occupant(key, created, alive)
  if born == '' then return alive and THERE or ORPHAN end
  local live = pcall('HGET', key, born)
  if live == created then return THERE end
  return type(live) == 'string' and live or ''
end

local results, places, back = {}, {}, {}
while at < #ARGV do
  local place = at
  local id, created, refers, index = argument(), argument(), argument(), argument()
  local score, member = argument(), argument()
  at = at + 1 + F
  local key, alive = prefix .. id, all_alive(refers)
  local fits = holds(index, index_type) and (names == '' or holds(names, 'hash'))
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
    places[#places + 1], back[#back + 1] = place, id
  end
  results[#results + 1] = result
end
if look or not back[1] then return results end

if tell ~= '' then call('XADD', changes, '*', tell, table.concat(back, ' ')) end
for _, place in ipairs(places) do
  local id, index, score, member, name = ARGV[place + 1], ARGV[place + 4], ARGV[place + 5], ARGV[place + 6], ARGV[place + 7]
  local hash = {}
  for i = 1, F do
    local value = ARGV[place + 7 + i]
    if value ~= '\0' then
      hash[#hash + 1] = fields[i]
      hash[#hash + 1] = value
    end
  end
  call('HSET', prefix .. id, unpack(hash))
  add_index(index, score, member, false)
  if names ~= '' then
    -- A name may lead to a record that is no more.
    local named = call('HGET', names, name)
    if not named or call('EXISTS', prefix .. named) == 0 then call('HSET', names, name, id) end
  end
end
return results
