-- Records with an id, a hash and an index: models, versions, datasets, runs, experiments.

local function keyOf(kind, id)
  return 'aidb:' .. kind.name .. ':' .. id
end

-- Writes a new record of checked values and its index entry. Returns its id.
-- Writes aidb:<kind>:<id>, a key that no caller can declare: the id is only known here.
local function createRecord(kind, values, index)
  local counter = 'aidb:counter:' .. kind.name
  local id = format('%d', nextId(counter))
  local key = keyOf(kind, id)
  mustBe('zset', index)
  mustBe('hash', key)
  local hash = {'id', id}
  for _, column in ipairs(kind.columns) do
    hash[#hash + 1] = column[1]
    hash[#hash + 1] = values[column[1]]
  end
  append(kind.name, id)
  call('INCR', counter)
  call('HSET', key, unpack(hash))
  call('ZADD', index, id, id)
  return id
end

-- Writes the given fields of a record. Returns 1, or 0 (and writes nothing) if there is no such record.
local function updateRecord(kind, id, values)
  local key = keyOf(kind, id)
  mustBe('hash', key)
  if call('EXISTS', key) == 0 then return 0 end
  local hash = {}
  for _, column in ipairs(kind.columns) do
    local value = values[column[1]]
    if value then
      hash[#hash + 1] = column[1]
      hash[#hash + 1] = value
    end
  end
  append(kind.name, id)
  call('HSET', key, unpack(hash))
  return 1
end

-- Deletes a record together with its index entry. Returns 1, or 0 (and writes nothing) if there is neither.
local function deleteRecord(kind, id, index)
  local key = keyOf(kind, id)
  mustBe('hash', key)
  if index then mustBe('zset', index) end
  if call('EXISTS', key) == 0 and not (index and call('ZSCORE', index, id)) then return 0 end
  append(kind.name .. '-', id)
  call('UNLINK', key)
  if index then call('ZREM', index, id) end
  return 1
end

-- ARGV of an update: the id, and pairs. A record's creation time is part of its identity.
local function readUpdate(kind, args)
  local id = anId('ARGV[1]', args[1] or '')
  local values = readPairs(kind, args, 2)
  if values[kind.born] then refuse('%s of a %s does not change', kind.born, kind.name) end
  return id, values
end

local function refuseNothing(args)
  if not args[2] then refuse('nothing to update: give fields and values after the id') end
end

-- For a run or an experiment that has ended: what is not given otherwise.
local function asCompleted(values)
  values.status = values.status or 'completed'
  values.completed_at = values.completed_at or now()
  return values
end

-- ARGV of a deletion: these ids, and nothing else.
local function readIds(args, ...)
  local names = {...}
  if #args ~= #names then refuse('the arguments must be: %s', table.concat(names, ', ')) end
  for i, name in ipairs(names) do anId(name, args[i]) end
  return unpack(args)
end
