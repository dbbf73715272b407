local versions = defineKind{
  name = 'version',
  columns = {
    {'model_id', anId},
    {'version', anyText},
    {'checkpoint_path', anyText, ''},
    {'config', someJson, '{}'},
    {'status', anyText, 'created'},
    {'created_at', timeOrNow, ''}
  }
}

-- Adds a version of a model.
--   KEYS    millrace:changes aidb:counter:version aidb:idx:versions:<model_id>
--   ARGV    pairs: model_id version; checkpoint_path config status created_at
-- Returns its id. The model need not exist (yet).
register('millrace_create_version', function(keys, args)
  local values = readRecord(versions, args, 1)
  local index = 'aidb:idx:versions:' .. values.model_id
  expectKeys(keys, changes, 'aidb:counter:version', index)
  return tonumber(createRecord(versions, values, index))
end)

-- Deletes a version: its hash and its index entry. Its runs and predictions stay.
--   KEYS    millrace:changes aidb:version:<id>   (also written: aidb:idx:versions:<model_id>, by what the record says)
--   ARGV    the id
-- Returns 1, or 0 if there is no such version.
register('millrace_delete_version', function(keys, args)
  local id = readIds(args, 'version_id')
  expectKeys(keys, changes, keyOf(versions, id))
  local model = fieldOf(keys[2], 'model_id')
  return deleteRecord(versions, id, model and 'aidb:idx:versions:' .. model)
end, evenWhenFull)
