-- Predictions are written by the ten thousand a second: their values stay in one array, checked in place.
local predictions = {name = 'prediction'}
local predictionRow = {
  'model_version_id', 'input', 'output', 'confidence', 'inference_time_ms', 'timestamp', 'metadata'
}
local width = #predictionRow
local predictionPlaces = {}
for i = 1, width do predictionPlaces[predictionRow[i]] = i end

-- ARGV as pairs of field and value: an array of the values in the row's order, '' where none is given.
local function readPrediction(args)
  local row = {'', '', '', '', '', '', ''}
  for i = 1, #args, 2 do
    local field, value = args[i], args[i + 1]
    local place = predictionPlaces[field]
    if not place then refuse('a prediction has no field %s', shown(field)) end
    if not value then refuse('%s has no value: fields and values come in pairs', field) end
    if row[place] ~= '' then refuse('%s is given twice', field) end
    row[place] = value
  end
  if row[1] == '' then refuse('model_version_id is missing') end
  return row
end

-- Checks the seven values after list[at], and puts the defaults in. Returns the score.
local function checkPrediction(list, at)
  anId('model_version_id', list[at + 1])
  if list[at + 2] == '' then list[at + 2] = '{}' end
  if list[at + 3] == '' then list[at + 3] = '{}' end
  list[at + 4] = aNumber('confidence', list[at + 4])
  list[at + 5] = aNumber('inference_time_ms', list[at + 5])
  if list[at + 6] == '' then list[at + 6] = now() end
  if list[at + 7] == '' then list[at + 7] = '{}' end
  return newestFirst('timestamp', list[at + 6])
end

-- The stream pair of a checked prediction. `created` is its version's creation time, nil if it has none.
local function predictionChange(id, created, list, at)
  local version, input, output, confidence, milliseconds, timestamp, metadata = unpack(list, at + 1, at + width)
  -- Not even put together if it is large: the record may have 10 MB.
  if #input + #output + #metadata > largestCarried then return 'prediction', id end
  local header = format('%d %s %d %d %d %d %d %d %d\n', #id, created and #created or '-', #version, #input, #output,
    #confidence, #milliseconds, #timestamp, #metadata)
  local packed = header .. id .. (created or '') .. version .. input .. output .. confidence .. milliseconds
    .. timestamp .. metadata
  if #packed > largestCarried then return 'prediction', id end
  return 'prediction=', packed
end

local function writePrediction(key, id, list, at)
  call('HSET', key, 'id', id, 'model_version_id', list[at + 1], 'input', list[at + 2], 'output', list[at + 3],
    'confidence', list[at + 4], 'inference_time_ms', list[at + 5], 'timestamp', list[at + 6], 'metadata', list[at + 7])
end

-- Adds a prediction.
--   KEYS    millrace:changes aidb:counter:prediction aidb:version:<model_version_id> aidb:idx:predictions:<model_version_id>
--           (also written: aidb:prediction:<id>, which no caller can declare: the id is only known here)
--   ARGV    pairs: model_version_id; input output confidence inference_time_ms timestamp metadata
-- Returns its id. The version need not exist (yet).
register('millrace_log_prediction', function(keys, args)
  local row = readPrediction(args)
  local score = checkPrediction(row, 0)
  local version = row[1]
  expectKeys(keys, changes, 'aidb:counter:prediction', 'aidb:version:' .. version, 'aidb:idx:predictions:' .. version)
  local number = nextId(keys[2])
  local id = format('%d', number)
  local key = 'aidb:prediction:' .. id
  mustBe('zset', keys[4])
  mustBe('hash', key)
  append(predictionChange(id, fieldOf(keys[3], 'created_at'), row, 0))
  call('INCR', keys[2])
  writePrediction(key, id, row, 0)
  call('ZADD', keys[4], score, id)
  return number
end)

-- The versions that the keys name, by id: creation time and index of each.
local function declaredVersions(keys)
  if keys[1] ~= changes or keys[2] ~= 'aidb:counter:prediction' then
    refuse('the keys must begin with: %s aidb:counter:prediction', changes)
  end
  local found = {}
  for i = 3, #keys, 2 do
    local version = match(keys[i], '^aidb:version:(%d+)$')
    if not version or keys[i + 1] ~= 'aidb:idx:predictions:' .. version then
      refuse('the keys must go on with aidb:version:<id> aidb:idx:predictions:<id> for each version')
    end
    mustBe('zset', keys[i + 1])
    found[version] = {index = keys[i + 1], created = fieldOf(keys[i], 'created_at'), entries = {}}
  end
  return found
end

-- Adds predictions, of one version or of several.
--   KEYS    millrace:changes aidb:counter:prediction, then for each version aidb:version:<id> aidb:idx:predictions:<id>
--           (also written: aidb:prediction:<id>)
--   ARGV    for each prediction seven values: model_version_id input output confidence inference_time_ms timestamp metadata
--           ('' = the default)
-- Returns the first id and the last: those between belong to the predictions between, in order.
register('millrace_log_predictions', function(keys, args)
  if #args == 0 or #args % width ~= 0 then
    refuse('the arguments are seven values for each prediction: %s', table.concat(predictionRow, ' '))
  end
  local parents = declaredVersions(keys)
  local first, pending = nextId(keys[2]), {}
  local id = first
  for at = 0, #args - 1, width do
    local score, text = checkPrediction(args, at), format('%d', id)
    local parent = parents[args[at + 1]] or refuse('the keys must name aidb:version:%s', args[at + 1])
    mustBe('hash', 'aidb:prediction:' .. text)
    local entries = parent.entries
    local size = #entries
    entries[size + 1], entries[size + 2] = score, text
    size = #pending
    pending[size + 1], pending[size + 2] = predictionChange(text, parent.created, args, at)
    id = id + 1
  end
  appendAll(pending)
  call('INCRBY', keys[2], id - first)
  id = first
  for at = 0, #args - 1, width do
    local text = format('%d', id)
    writePrediction('aidb:prediction:' .. text, text, args, at)
    id = id + 1
  end
  for _, parent in pairs(parents) do callWithList('ZADD', parent.index, parent.entries) end
  return {first, id - 1}
end)

-- Deletes a prediction: its hash and its index entry.
--   KEYS    millrace:changes aidb:prediction:<id>   (also written: aidb:idx:predictions:<model_version_id>, by the record)
--   ARGV    the id
-- Returns 1, or 0 if there is no such prediction.
register('millrace_delete_prediction', function(keys, args)
  local id = readIds(args, 'prediction_id')
  expectKeys(keys, changes, keyOf(predictions, id))
  local version = fieldOf(keys[2], 'model_version_id')
  return deleteRecord(predictions, id, version and 'aidb:idx:predictions:' .. version)
end, evenWhenFull)
